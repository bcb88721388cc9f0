"""A network with random weights that looks at clips: for distances that see motion, without weights of others."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RandomClipFeatures(nn.Module):
    """Two convolutions in space and time with random weights, the same on every machine.

    Random features tell distributions apart (Ustyuzhaninov et al. 2017, for texture). Distances on them are no FVD,
    whose network was trained on human actions (Unterthiner et al. 2018), and are named after this network. Three
    quarters of the first filters, of five frames, are blind to what stands still.

    Args:
        seed: of the weights.
    """

    name = "random_clips"
    widths = (32, 32)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(seed)
        before = 1
        for number, width in enumerate(self.widths):
            size = (5, 5, 5) if number == 0 else (3, 3, 3)
            weight = torch.randn(width, before, *size, generator=source) * (2 / (before * math.prod(size))) ** 0.5
            if number == 0:
                moving = weight[: 3 * width // 4]
                moving -= moving.mean(2, keepdim=True)
                weight -= weight.mean((3, 4), keepdim=True)
            self.register_buffer(f"weight{number}", weight)
            before = width

    @torch.no_grad()
    def forward(self, clips: Tensor) -> Tensor:
        """Clips (N, T, C, H, W) in [-1, 1], 4 frames or more of 8 pixels or more, to (N, 128).

        Means and deviations over space and time of both layers.
        """
        x = clips.mean(2, keepdim=True).transpose(1, 2)
        found = []
        for number in range(len(self.widths)):
            weight = self.get_buffer(f"weight{number}")
            padding = tuple(side // 2 for side in weight.shape[2:])
            x = F.leaky_relu(F.conv3d(x, weight, stride=(1, 2, 2), padding=padding), 0.2)
            found += [x.mean((2, 3, 4)), x.std((2, 3, 4))]
        return torch.cat(found, 1)
