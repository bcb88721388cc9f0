"""A pool of painted pictures: the discriminator sees some of those painted before (Shrivastava et al. 2017)."""

import torch
from torch import Tensor, nn

from impasto.base import distributed
from impasto.base.spec import ImageSpec


class ImagePool(nn.Module):
    """Keeps the last pictures; half of the pictures handed out are kept ones, in place of new ones.

    Pictures and their number are saved and resumed; what is drawn depends on torch's generator, which every step seeds.
    With several processes all hold the same pool and draw for the global batch.

    Args:
        spec: of the pictures.
        size: how many are kept, 50 as published; 0 hands new pictures straight on.
    """

    images: Tensor

    def __init__(self, spec: ImageSpec, size: int = 50) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("images", torch.zeros(size, *spec.shape))
        self.filled = 0  # a number of this process, so that the device is not waited for

    def get_extra_state(self) -> Tensor:
        """How many pictures are kept."""
        return torch.tensor(self.filled)

    def set_extra_state(self, state: Tensor) -> None:
        """The inverse."""
        self.filled = int(state)

    @torch.no_grad()
    def swapped(self, painted: Tensor) -> Tensor:
        """Pictures for the discriminator, one for each new one: (N, C, H, W) to the same.

        Until the pool is full a picture is kept and handed on. Then, with even chances, a picture is handed on, or it
        takes the place of one that is kept, which is handed on instead.
        """
        if self.size == 0:
            return painted.detach()
        everything = distributed.gather(painted.detach().float())
        chances = torch.rand(len(everything), 2)  # on the CPU, so that the device is not waited for
        handed = []
        for image, (swaps, place) in zip(everything, chances.tolist(), strict=True):
            if self.filled < self.size:
                self.images[self.filled] = image
                self.filled += 1
                handed.append(image)
            elif swaps < 0.5:
                index = int(place * self.size)
                handed.append(self.images[index].clone())
                self.images[index] = image
            else:
                handed.append(image)
        first = distributed.rank() * len(painted)
        return torch.stack(handed[first : first + len(painted)])
