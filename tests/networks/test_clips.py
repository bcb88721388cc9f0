"""Networks of clips: shapes, what they are told, and what a loop and each judge can see."""

import pytest
import torch

from impasto.base.errors import UserError
from impasto.networks.clips import ClipDiscriminator, ClipGenerator, halvings_of, neighbours

SMALL = {"features": 4, "max_features": 8}


def test_frames_meet_their_neighbours() -> None:
    frames = torch.arange(1.0, 5).view(4, 1, 1, 1)  # one clip
    assert neighbours(frames, 4, (-1, 0, 1), False).flatten(1).tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 0]]
    assert neighbours(frames, 4, (-1, 0, 1), True).flatten(1).tolist() == [[4, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 1]]


@pytest.mark.parametrize(
    ("frames", "levels", "counts"), [(16, 3, [4, 8, 16]), (6, 4, [3, 6, 6, 6]), (5, 2, [5, 5]), (8, 2, [4, 8])]
)
def test_time_is_halved_while_it_can_be(frames: int, levels: int, counts: list[int]) -> None:
    assert halvings_of(frames, levels) == counts


@pytest.mark.parametrize(("channels", "frames", "height", "width"), [(12, 4, 16, 24), (5, 5, 9, 13)])
def test_shapes(channels: int, frames: int, height: int, width: int) -> None:
    generator = ClipGenerator(channels, height, width, frames, 3, latent_dim=5, **SMALL)  # type: ignore[arg-type]
    discriminator = ClipDiscriminator(channels, height, width, frames, 3, judged=2, **SMALL)  # type: ignore[arg-type]
    label = torch.tensor([0, 2])
    clips = generator(torch.randn(2, 5), label)
    assert clips.shape == (2, channels, height, width)
    assert [scores.shape for scores in discriminator(clips, label).maps] == [(2, 2), (2,)]


def test_the_judge_of_frames_does_not_see_their_order_and_that_of_clips_does() -> None:
    torch.manual_seed(0)
    clips = torch.randn(1, 4, 8, 8)
    turned = clips[:, [2, 0, 3, 1]]
    of_frames, of_clips = (
        ClipDiscriminator(4, 8, 8, 4, judged=judged, clip=clip, **SMALL)  # type: ignore[arg-type]
        for judged, clip in ((4, False), (0, True))
    )
    apart = [(d(clips).mean() - d(turned).mean()).abs().item() for d in (of_frames, of_clips)]
    assert apart[0] < 1e-6 < apart[1]


def test_a_loop_has_no_first_frame() -> None:
    torch.manual_seed(0)
    judge = ClipDiscriminator(8, 8, 8, 8, judged=0, loop=True, **SMALL)  # type: ignore[arg-type]
    assert judge.of_clips is not None
    clips = torch.randn(1, 8, 1, 8, 8)
    through = torch.nn.functional.leaky_relu(judge.of_clips.in_space[0](clips.flatten(0, 1)), 0.2)
    found = judge.of_clips.in_time[0](through)
    rolled = judge.of_clips.in_time[0](through.roll(2, 0))
    assert torch.allclose(rolled, found.roll(2 // judge.of_clips.in_time[0].step, 0), atol=1e-6)


def test_single_pictures_are_refused() -> None:
    for network in (ClipGenerator, ClipDiscriminator):
        with pytest.raises(UserError, match="set data=clips"):
            network(3, 16, 16)
    with pytest.raises(UserError, match=r"clip=true"):
        ClipDiscriminator(4, 8, 8, 4, judged=0, clip=False)
