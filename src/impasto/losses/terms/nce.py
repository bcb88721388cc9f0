"""PatchNCE: a painted patch must tell which patch of the photograph it was made from (Park et al. 2020)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.ranges import Count, NotNegative, Positive
from impasto.base.schedules import Schedule
from impasto.losses.terms.term import GeneratorPass, Term, given


def patch_nce(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    """Cross-entropy of finding each query's own key among the keys of its picture (Park et al. 2020, equation 3).

    Args:
        query: (N, P, D) unit vectors from P places of each painted picture.
        key: (N, P, D) unit vectors from the same places of its source; they get no gradient.
        temperature: divisor of the similarities.

    Returns:
        Loss at each place: (N, P).
    """
    similarity = query.float() @ key.detach().float().transpose(1, 2) / temperature
    own = torch.arange(query.shape[1], device=query.device).expand(similarity.shape[:2])
    return F.cross_entropy(similarity.flatten(0, 1), own.flatten(), reduction="none").view_as(own)


class PatchSampleMLP(nn.Module):
    """Takes features at random places and projects them to unit vectors, with a two-layer perceptron for each layer.

    Args:
        widths: channels of each layer of features.
        dim: of the unit vectors.
        patches: places taken from each picture; all if it has fewer.
        init_gain: of the weights at the start (Xavier); CUT's published code has 0.02.
    """

    def __init__(self, widths: Sequence[int], dim: int = 256, patches: int = 256, init_gain: float = 1.0) -> None:
        super().__init__()
        self.patches = patches
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(width, dim), nn.ReLU(), nn.Linear(dim, dim)) for width in widths
        )
        for module in self.projections.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight, init_gain)
                nn.init.zeros_(module.bias)

    def places(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Draw places without repetition, the same for all pictures of a batch: one (P,) for each layer."""
        counts = [f.shape[2] * f.shape[3] for f in features]
        return [torch.randperm(n, device=f.device)[: self.patches] for n, f in zip(counts, features, strict=True)]

    def forward(self, features: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """Project the features at the places.

        Args:
            features: one (N, C, H, W) for each layer.
            places: indices into H * W, one (P,) for each layer.

        Returns:
            One (N, P, D) for each layer, of length 1 along D.
        """
        rows = (f.flatten(2)[:, :, where].transpose(1, 2) for f, where in zip(features, places, strict=True))
        return [F.normalize(project(row).float(), dim=-1) for project, row in zip(self.projections, rows, strict=True)]


class PatchNCE(Term):
    """The contrastive loss over several layers of the generator's own encoder (Park et al. 2020, equations 4 and 5).

    Its projections are trained with the generator.

    Args:
        weight: of the term.
        identity: apply the loss also to repainted style pictures, and average both (CUT).
        layers: of the generator, as its ``activations`` numbers them.
        patches: places drawn from each picture.
        dim: length of the projected features.
        init_gain: of the projections' weights at the start (Xavier); CUT's published code has 0.02.
        temperature: see :func:`patch_nce`.

    Raises:
        UserError: the temperature is not positive, or the generator has no numbered layers.
    """

    needs = ("content", "style")

    def __init__(
        self,
        weight: NotNegative | Schedule = 1.0,
        identity: bool = True,
        layers: Sequence[int] = (0, 4, 8, 12, 16),
        patches: Count = 256,
        dim: Count = 256,
        init_gain: float = 0.02,
        temperature: Positive = 0.07,
    ) -> None:
        super().__init__(weight)
        if temperature <= 0:
            raise UserError(f"The NCE temperature is {temperature}; it must be positive.")
        self.identity, self.layers, self.temperature = identity, tuple(sorted(layers)), temperature
        self.patches, self.dim, self.init_gain = patches, dim, init_gain
        self.samplers = nn.ModuleDict()

    def attach(self, name: str, generator: nn.Module) -> None:
        """Make the projections for a generator's layers."""
        if not hasattr(generator, "activations"):
            raise UserError(
                f"term=nce compares layers of the generator, and {type(generator).__name__} does not number its own: "
                "leave the term out, or choose a generator with activations() and widths()."
            )
        widths = generator.widths(self.layers)  # type: ignore[operator]
        self.samplers[name] = PatchSampleMLP(widths, self.dim, self.patches, self.init_gain)

    def forward(self, p: GeneratorPass) -> dict[str, Tensor]:
        """The term, and its part over style pictures by itself if ``identity`` is on; scalars."""
        value = self.contrast(p, given(p, "content"), p.painted, p.flipped)
        if not self.identity:
            return {"nce": value}
        identity = self.contrast(p, given(p, "style"), p.identity)
        return {"nce": 0.5 * (value + identity)}

    def contrast(self, p: GeneratorPass, source: Tensor, painted: Tensor, flipped: bool = False) -> Tensor:
        """Mean loss over layers, pictures and places: scalar.

        Args:
            p: whose generator's layers see both.
            source: (N, C, H, W) in [-1, 1].
            painted: likewise, with graph.
            flipped: ``painted`` was made from the mirror image of ``source``.
        """
        activations: Callable[..., list[Tensor]] = p.generator.activations  # type: ignore[assignment]
        sampler = self.samplers[p.name]
        seen = activations(painted, self.layers)
        places = sampler.places(seen)  # type: ignore[operator]
        queries = sampler([f.flip(-1) for f in seen] if flipped else seen, places)
        with torch.no_grad():
            keys = sampler(activations(source, self.layers), places)
        losses = [patch_nce(q, k, self.temperature).mean() for q, k in zip(queries, keys, strict=True)]
        return torch.stack(losses).mean()
