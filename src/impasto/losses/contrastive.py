"""PatchNCE: a painted patch must tell which patch of the photograph it was made from (Park et al. 2020)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.base.errors import UserError


def patch_nce(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    """Cross-entropy of finding each query's own key among the keys of its picture (Park et al. 2020, equation 3).

    Args:
        query: (N, P, D) unit vectors from P places of each painted picture.
        key: (N, P, D) unit vectors from the same places of its source; they get no gradient.
        temperature: that the similarities are divided by.

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
        patches: places taken from each picture; all of them where there are fewer.
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


class PatchNCE(nn.Module):
    """The contrastive loss over several layers of a generator's encoder.

    Args:
        sampler: made for the layers' widths.
        layers: of the generator, as its ``activations`` numbers them.
        temperature: see :func:`patch_nce`.
    """

    def __init__(self, sampler: PatchSampleMLP, layers: Sequence[int], temperature: float = 0.07) -> None:
        super().__init__()
        if temperature <= 0:
            raise UserError(f"The NCE temperature is {temperature}; it must be positive.")
        self.sampler, self.layers, self.temperature = sampler, tuple(sorted(layers)), temperature

    def forward(self, generator: nn.Module, source: Tensor, painted: Tensor, flipped: bool = False) -> Tensor:
        """Mean loss over layers, pictures and places: scalar.

        Args:
            generator: whose ``activations`` see both.
            source: (N, C, H, W) in [-1, 1].
            painted: likewise, with graph.
            flipped: ``painted`` was made from the mirror image of ``source`` (FastCUT's flip equivariance).
        """
        activations: Callable[..., list[Tensor]] = generator.activations  # type: ignore[assignment]
        seen = activations(painted, self.layers)
        places = self.sampler.places(seen)
        queries = self.sampler([f.flip(-1) for f in seen] if flipped else seen, places)
        with torch.no_grad():
            keys = self.sampler(activations(source, self.layers), places)
        losses = [patch_nce(q, k, self.temperature).mean() for q, k in zip(queries, keys, strict=True)]
        return torch.stack(losses).mean()
