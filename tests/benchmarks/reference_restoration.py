"""NAFNet as a plain PyTorch loop: what the training of restoration is measured against.

Written the way published code is: float32, channels first, layer norm by elementary operations, pooling, gates and
factors each by an operation of its own. Blocks, optimiser and loss are the paper's (Chen et al. 2022).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LayerNorm2d(nn.Module):
    """Over the channels of each pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        y = (x - mean) / (variance + 1e-6).sqrt()
        return self.weight.view(1, -1, 1, 1) * y + self.bias.view(1, -1, 1, 1)


class SimpleGate(nn.Module):
    """Equation 4."""

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=1)
        return first * second


class NAFBlock(nn.Module):
    """Figure 3c."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = channels * 2
        self.conv1 = nn.Conv2d(channels, wide, 1)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.conv3 = nn.Conv2d(channels, channels, 1)
        self.sca = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels, 1))
        self.sg = SimpleGate()
        self.conv4 = nn.Conv2d(channels, wide, 1)
        self.conv5 = nn.Conv2d(channels, channels, 1)
        self.norm1, self.norm2 = LayerNorm2d(channels), LayerNorm2d(channels)
        self.beta, self.gamma = (nn.Parameter(torch.zeros(1, channels, 1, 1)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        y = self.sg(self.conv2(self.conv1(self.norm1(x))))
        y = self.conv3(y * self.sca(y))
        x = x + y * self.beta
        y = self.conv5(self.sg(self.conv4(self.norm2(x))))
        return x + y * self.gamma


class NAFNet(nn.Module):
    """The U-shape; squares of pixels are first put into channels."""

    def __init__(
        self, features: int, encoder: Sequence[int], middle: int, decoder: Sequence[int], shrink: int, scale: int
    ) -> None:
        super().__init__()
        shrink = max(shrink // scale, 1)
        self.shrink, self.scale = shrink, scale
        self.intro = nn.Conv2d(3 * shrink**2, features, 3, padding=1)
        self.ending = nn.Conv2d(features, 3 * (shrink * scale) ** 2, 3, padding=1)
        self.encoders, self.downs, self.ups, self.decoders = (nn.ModuleList() for _ in range(4))
        width = features
        for count in encoder:
            self.encoders.append(nn.Sequential(*(NAFBlock(width) for _ in range(count))))
            self.downs.append(nn.Conv2d(width, 2 * width, 2, 2))
            width *= 2
        self.middle = nn.Sequential(*(NAFBlock(width) for _ in range(middle)))
        for count in decoder:
            self.ups.append(nn.Sequential(nn.Conv2d(width, width * 2, 1, bias=False), nn.PixelShuffle(2)))
            width //= 2
            self.decoders.append(nn.Sequential(*(NAFBlock(width) for _ in range(count))))

    def forward(self, content: Tensor) -> Tensor:
        x = self.intro(F.pixel_unshuffle(content, self.shrink))
        kept = []
        for encode, down in zip(self.encoders, self.downs, strict=True):
            x = encode(x)
            kept.append(x)
            x = down(x)
        x = self.middle(x)
        for up, decode, skip in zip(self.ups, self.decoders, reversed(kept), strict=True):
            x = decode(up(x) + skip)
        painted = F.pixel_shuffle(self.ending(x), self.shrink * self.scale)
        larger = content if self.scale == 1 else F.interpolate(content, scale_factor=self.scale, mode="bicubic")
        return painted + larger


class RestorationLoop:
    """PSNR loss, AdamW, clipped gradients, and a moving average of the weights; in bfloat16 where wanted."""

    def __init__(self, network: NAFNet, clip: float, bf16: bool = False) -> None:
        self.network, self.clip, self.bf16 = network, clip, bf16
        self.optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, betas=(0.9, 0.9), weight_decay=0.0)
        self.average = {name: value.detach().clone() for name, value in network.named_parameters()}

    def step(self, content: Tensor, target: Tensor) -> None:
        """One update."""
        self.optimizer.zero_grad()
        with torch.autocast(content.device.type, torch.bfloat16, enabled=self.bf16):
            painted = self.network(content)
        error = (painted.float() - target).pow(2).mean(dim=(1, 2, 3))
        (10 * torch.log10(error + 1e-8)).mean().backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimizer.step()
        with torch.no_grad():
            for name, value in self.network.named_parameters():
                self.average[name].mul_(0.999).add_(value, alpha=0.001)
