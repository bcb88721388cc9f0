"""CycleGAN and pix2pix as plain PyTorch loops: what the framework's training step is measured against.

Written the way such loops usually are: float32, channels first, one pass for each picture painted and each picture
judged, torch's own layers. Networks, losses and settings are the papers' (Zhu et al. 2017; Isola et al. 2017).
"""

import random
from collections.abc import Iterator
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResNetGenerator(nn.Module):
    """c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3 (Zhu et al. 2017, appendix)."""

    def __init__(self, channels: int, features: int, blocks: int) -> None:
        super().__init__()
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(channels, features, 7), nn.InstanceNorm2d(features), nn.ReLU(True)]
        for width in (features, features * 2):
            halve = nn.Conv2d(width, width * 2, 3, stride=2, padding=1)
            layers += [halve, nn.InstanceNorm2d(width * 2), nn.ReLU(True)]
        layers += [ResidualBlock(features * 4) for _ in range(blocks)]
        for width in (features * 2, features):
            double = nn.ConvTranspose2d(width * 2, width, 3, stride=2, padding=1, output_padding=1)
            layers += [double, nn.InstanceNorm2d(width), nn.ReLU(True)]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(features, channels, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around which the input is added; the border is reflected."""

    def __init__(self, width: int) -> None:
        super().__init__()
        first = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width), nn.ReLU(True)]
        second = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        self.layers = nn.Sequential(*first, *second)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class UNet(nn.Module):
    """C64-C128-C256-C512-... down to one pixel and up again, with skips (Isola et al. 2017, appendix)."""

    def __init__(self, channels: int, features: int, depth: int) -> None:
        super().__init__()
        widths = [min(features * 2**i, features * 8) for i in range(depth)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, (before, after) in enumerate(zip([channels, *widths[:-1]], widths, strict=True)):
            normed = 0 < i < depth - 1
            stage: list[nn.Module] = [nn.LeakyReLU(0.2)] if i else []
            stage.append(nn.Conv2d(before, after, 4, stride=2, padding=1, bias=not normed))
            stage += [nn.BatchNorm2d(after)] if normed else []
            self.down.append(nn.Sequential(*stage))
        for i in reversed(range(depth)):
            before = widths[i] if i == depth - 1 else widths[i] * 2
            after = widths[i - 1] if i else channels
            stage = [nn.ReLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=not i)]
            stage += [nn.BatchNorm2d(after)] if i else [nn.Tanh()]
            stage += [nn.Dropout(0.5)] if 3 < i < depth - 1 else []
            self.up.append(nn.Sequential(*stage))

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for stage in self.down:
            x = stage(x)
            kept.append(x)
        for i, stage in enumerate(self.up):
            x = stage(torch.cat([x, kept[-1 - i]], 1) if i else x)
        return x


def patchgan(channels: int, features: int, norm: type[nn.Module]) -> nn.Sequential:
    """C64-C128-C256-C512 and a map of scores; each sees 70 x 70 pixels."""
    layers: list[nn.Module] = [nn.Conv2d(channels, features, 4, stride=2, padding=1), nn.LeakyReLU(0.2, True)]
    biased = norm is nn.InstanceNorm2d
    for before, after, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
        conv = nn.Conv2d(before * features, after * features, 4, stride, padding=1, bias=biased)
        layers += [conv, norm(after * features), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * features, 1, 4, padding=1))


class ImagePool:
    """Generated pictures of the past: half of those asked for come from it (Shrivastava et al. 2017)."""

    def __init__(self, capacity: int = 50) -> None:
        self.capacity = capacity
        self.images: list[Tensor] = []

    def query(self, images: Tensor) -> Tensor:
        drawn = []
        for image in images.detach().split(1):
            if len(self.images) < self.capacity:
                self.images.append(image)
                drawn.append(image)
            elif random.random() < 0.5:
                place = random.randrange(self.capacity)
                drawn.append(self.images[place].clone())
                self.images[place] = image
            else:
                drawn.append(image)
        return torch.cat(drawn)


def adam(parameters: Iterator[nn.Parameter]) -> torch.optim.Adam:
    """The papers' settings."""
    return torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999))


def least_squares(scores: Tensor, target: float) -> Tensor:
    """LSGAN (Mao et al. 2017)."""
    return F.mse_loss(scores, torch.full_like(scores, target))


class CycleGANLoop:
    """Two generators, two discriminators; cycle 10, identity 5, LSGAN, a pool of 50 pictures for each side."""

    def __init__(self, channels: int = 3, features: int = 64, blocks: int = 9) -> None:
        self.paint_b, self.paint_a = (ResNetGenerator(channels, features, blocks) for _ in range(2))
        self.judge_a, self.judge_b = (patchgan(channels, features, nn.InstanceNorm2d) for _ in range(2))
        self.pool_a, self.pool_b = ImagePool(), ImagePool()
        self.optimizer_g = adam(chain(self.paint_b.parameters(), self.paint_a.parameters()))
        self.optimizer_d = adam(chain(self.judge_a.parameters(), self.judge_b.parameters()))

    def networks(self) -> dict[str, list[nn.Module]]:
        """What is trained, by kind."""
        return {"generators": [self.paint_b, self.paint_a], "discriminators": [self.judge_a, self.judge_b]}

    def step(self, a: Tensor, b: Tensor) -> None:
        """One update of the generators and one of the discriminators, in the published order."""
        fake_b = self.paint_b(a)
        rec_a = self.paint_a(fake_b)
        fake_a = self.paint_a(b)
        rec_b = self.paint_b(fake_a)

        trainable(self.judge_a, False)
        trainable(self.judge_b, False)
        self.optimizer_g.zero_grad()
        identity = F.l1_loss(self.paint_b(b), b) + F.l1_loss(self.paint_a(a), a)
        cycle = F.l1_loss(rec_a, a) + F.l1_loss(rec_b, b)
        adversarial = least_squares(self.judge_b(fake_b), 1.0) + least_squares(self.judge_a(fake_a), 1.0)
        (adversarial + 10 * cycle + 5 * identity).backward()
        self.optimizer_g.step()

        trainable(self.judge_a, True)
        trainable(self.judge_b, True)
        self.optimizer_d.zero_grad()
        self.judge(self.judge_b, b, self.pool_b.query(fake_b))
        self.judge(self.judge_a, a, self.pool_a.query(fake_a))
        self.optimizer_d.step()

    def judge(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> None:
        """Gradients of one discriminator's loss."""
        loss = 0.5 * (least_squares(discriminator(real), 1.0) + least_squares(discriminator(fake), 0.0))
        loss.backward()


class Pix2PixLoop:
    """A U-Net and a discriminator that sees what it was painted from; cross entropy and L1 100."""

    def __init__(self, channels: int = 3, features: int = 64, depth: int = 8) -> None:
        self.generator = UNet(channels, features, depth)
        self.discriminator = patchgan(2 * channels, features, nn.BatchNorm2d)
        self.optimizer_g = adam(self.generator.parameters())
        self.optimizer_d = adam(self.discriminator.parameters())

    def networks(self) -> dict[str, list[nn.Module]]:
        """What is trained, by kind."""
        return {"generators": [self.generator], "discriminators": [self.discriminator]}

    def step(self, a: Tensor, b: Tensor) -> None:
        """One update of the discriminator and one of the generator, in the published order."""
        fake = self.generator(a)
        trainable(self.discriminator, True)
        self.optimizer_d.zero_grad()
        (0.5 * (self.loss(a, fake.detach(), 0.0) + self.loss(a, b, 1.0))).backward()
        self.optimizer_d.step()

        trainable(self.discriminator, False)
        self.optimizer_g.zero_grad()
        (self.loss(a, fake, 1.0) + 100 * F.l1_loss(fake, b)).backward()
        self.optimizer_g.step()

    def loss(self, a: Tensor, b: Tensor, target: float) -> Tensor:
        """Cross entropy of the scores of a pair."""
        scores = self.discriminator(torch.cat([a, b], 1))
        return F.binary_cross_entropy_with_logits(scores, torch.full_like(scores, target))


def trainable(network: nn.Module, wanted: bool) -> None:
    """Whether the network's weights get gradients."""
    for parameter in network.parameters():
        parameter.requires_grad = wanted
