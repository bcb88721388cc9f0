"""What a discriminator says of pictures: one map of scores or several, with features where a loss wants them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor


@dataclass(frozen=True)
class Scores:
    """Raw scores of pictures.

    Attributes:
        maps: one tensor for each scale, the pictures along its first axis: one score a picture, or a map of them.
        features: for each scale the activations of the discriminator's layers; empty if it returns none.
        heads: what else it says, by name, the pictures along the first axis; see :mod:`impasto.networks.heads`.
    """

    maps: Sequence[Tensor]
    features: Sequence[Sequence[Tensor]] = field(default=())
    heads: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, output: "Tensor | Sequence[Tensor] | Scores") -> "Scores":
        """From what a discriminator returns: a tensor, a list of tensors (one for each scale), or scores."""
        if isinstance(output, Scores):
            return output
        return cls([output] if isinstance(output, Tensor) else list(output))

    def float(self) -> "Scores":
        """The same in float32."""
        return Scores([scores.float() for scores in self.maps], self.features, self.heads)

    def detach(self) -> "Scores":
        """The same without graph."""
        features = [[f.detach() for f in layers] for layers in self.features]
        heads = {name: said.detach() for name, said in self.heads.items()}
        return Scores([s.detach() for s in self.maps], features, heads)

    def mean(self) -> Tensor:
        """Mean over the maps of their means: scalar."""
        return averaged([scores.mean() for scores in self.maps])

    def undivided(self) -> "Scores":
        """The same scores, whose gradients are multiplied by the number of pictures when they are followed back.

        A loss that is a mean over pictures then gives each picture the gradient of its own loss, as if it were alone.
        """
        maps = [scores * 1 for scores in self.maps]
        for scores in maps:
            if scores.requires_grad:
                scores.register_hook(partial(torch.mul, other=len(scores)))
        return Scores(maps, self.features, self.heads)

    def sum(self) -> Tensor:
        """Sum of all scores of all maps: scalar, for gradients by the pictures."""
        return torch.stack([scores.sum() for scores in self.maps]).sum() if len(self.maps) > 1 else self.maps[0].sum()

    def flat(self) -> Tensor:
        """All scores of each picture: (N, K); a single map is returned as it is."""
        return torch.cat([scores.flatten(1) for scores in self.maps], 1) if len(self.maps) > 1 else self.maps[0]

    def parted(self, first_count: int) -> "tuple[Scores, Scores]":
        """The scores of the first so many pictures and of the others, which were judged in one pass."""
        maps = [scores.tensor_split([first_count]) for scores in self.maps]
        features = [[layer.tensor_split([first_count]) for layer in layers] for layers in self.features]
        heads = {name: said.tensor_split([first_count]) for name, said in self.heads.items()}
        first, second = (
            Scores(
                [m[i] for m in maps],
                [[layer[i] for layer in layers] for layers in features],
                {name: halves[i] for name, halves in heads.items()},
            )
            for i in (0, 1)
        )
        return first, second


def over_maps(function: Callable[..., Tensor], *scores: Scores) -> Tensor:
    """Mean over the scales of a function of the maps of each scale: scalar."""
    return averaged([function(*maps) for maps in zip(*(s.maps for s in scores), strict=True)])


def averaged(values: Sequence[Tensor]) -> Tensor:
    """Mean of scalars; a single one stays as it is."""
    return values[0] if len(values) == 1 else torch.stack(list(values)).mean()
