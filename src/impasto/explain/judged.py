"""What a discriminator looks at in real and in painted pictures."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.explain.attribution import of_scores
from impasto.explain.heat import over
from impasto.networks.scores import Scores
from impasto.painters.painter import Painter
from impasto.painters.teachers import teacher_in


def judge_of(painter: Painter) -> tuple[nn.Module, bool]:
    """The discriminator that a painter was trained against, and whether it sees content beside pictures.

    Raises:
        UserError: its file holds none that can be built here.
    """
    teacher = teacher_in(painter.origin.path)
    if teacher.discriminator is None:
        raise UserError(f"{painter.origin.path} holds no discriminator that can be built here.")
    return teacher.discriminator.eval().requires_grad_(False), teacher.sees_content


def scorer(
    network: nn.Module, condition: Tensor | None = None, beside: Tensor | None = None
) -> Callable[[Tensor], Tensor]:
    """Pictures (N, C, H, W) to the mean of each one's scores (N,).

    Args:
        network: a discriminator.
        condition: labels (N,), vectors or codes (N, K); None for none.
        beside: (N, C, H, W), content that it sees beside them; None for none.
    """

    def score(images: Tensor) -> Tensor:
        given = () if beside is None else (beside,)
        return Scores.of(network(images, condition, *given)).flat().reshape(len(images), -1).mean(1)

    return score


def saliency_rows(score: Callable[[Tensor], Tensor], images: Tensor) -> tuple[Tensor, list[float]]:
    """Pictures and what their scores depend on, in turn: (2 N, 3, H, W), and the scores."""
    with torch.no_grad():
        scores = score(images).tolist()
    maps = over(images, of_scores(score, images))
    rgb = images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images[:, :3]
    return torch.stack([rgb, maps], 1).flatten(0, 1), scores
