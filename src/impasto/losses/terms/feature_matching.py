"""Feature matching: activations inside the discriminator are compared."""

import torch
from torch import Tensor

from impasto.losses.terms.term import GeneratorPass, Term


class FeatureMatching(Term):
    """L1 between the discriminator's activations for painted and for real pictures (Wang et al. 2018, equation 4).

    With pairs the real pictures are the targets. Without, the means over the batch are compared (Salimans et al. 2016,
    section 3.1), since no painted picture has a real one of its own.
    """

    needs = ("real_scores", "fake_scores")

    def forward(self, p: GeneratorPass) -> Tensor:
        """Mean over scales and layers: scalar.

        Raises:
            ValueError: the discriminator gives no features.
        """
        assert p.real_scores is not None
        assert p.fake_scores is not None
        scales = zip(p.real_scores.features, p.fake_scores.features, strict=True)
        layers = [pair for real, fake in scales for pair in zip(real, fake, strict=True)]
        if not layers:
            raise ValueError("this discriminator returns no features (Scores.features) for feature matching")
        if p.target is None:
            layers = [(r.mean(0), f.mean(0)) for r, f in layers]
        return torch.stack([(r.detach().float() - f.float()).abs().mean() for r, f in layers]).mean()
