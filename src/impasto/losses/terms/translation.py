"""Terms of translations there and back, and of features inside the discriminator."""

import torch
from torch import Tensor

from impasto.losses.terms.term import GeneratorPass, Term, given, similar


class Cycle(Term):
    """L1 between the content and what comes of turning it into style and back (Zhu et al. 2017, equation 2)."""

    needs = ("content", "cycled")

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        return (given(p, "cycled").float() - given(p, "content").float()).abs().mean()


class Identity(Term):
    """L1 between style pictures and what the generator makes of them: they are in the style already.

    Zhu et al. 2017, section 5.2; Taigman et al. 2017. It keeps colours.
    """

    needs = ("style", "identity")

    def forward(self, p: GeneratorPass) -> Tensor:
        """Scalar."""
        painted, wanted = similar(p.identity, given(p, "style"))
        return (painted - wanted).abs().mean()


class FeatureMatching(Term):
    """L1 between the discriminator's activations for painted and for real pictures (Wang et al. 2018, equation 4).

    The real ones are the targets where there are pairs; else the means over the pictures are compared (Salimans et al.
    2016, section 3.1), since no painted picture has a real one of its own.
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
