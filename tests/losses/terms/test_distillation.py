"""Terms by which a student learns from teachers, against numbers worked out by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from impasto.base.spec import ImageSpec
from impasto.losses.terms.distillation import Hard, Soft, difference_of, scores_distance
from impasto.losses.terms.pixels import L1, L2
from impasto.losses.terms.term import GeneratorPass
from impasto.networks.patchgan import PatchGAN
from impasto.networks.scores import Scores
from impasto.painters.painter import Painter
from impasto.painters.teachers import Teacher, Teachers
from tests.style_painter import picture, style_painter


class Times(nn.Module):
    """Paints the content times a factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, content: Tensor) -> Tensor:
        return content * self.factor


class Judge(nn.Module):
    """Scores pixels of the red channel, and has them as features."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Scores:
        return Scores([images[:, :1]], [[images]])


def painter(network: nn.Module, channels: int = 3) -> Painter:
    spec = ImageSpec(channels, 4, 4)
    return Painter(network, spec, ("content",), spec).eval().requires_grad_(False)


def taught_by(*factors: float, judge: Callable[[], nn.Module] = Judge) -> Teachers:
    return Teachers([Teacher(Path(f"{f}"), {"generator": painter(Times(f))}, judge(), False) for f in factors])


def ramp(n: int = 2) -> Tensor:
    return torch.linspace(-0.5, 0.5, n * 48).view(n, 3, 4, 4)


def test_the_target_is_what_the_teacher_paints() -> None:
    term = Hard(teacher=taught_by(0.5), terms={"l1": L1(weight=10.0), "l2": L2(weight=1.0)})
    content = torch.full((2, 3, 4, 4), 0.8)
    found = term(GeneratorPass(torch.full_like(content, 0.1), nn.Identity(), content=content))
    # the teacher paints 0.4, from which 0.1 differs by 0.3
    assert found["hard_l1"].item() == pytest.approx(3.0)
    assert found["hard_l2"].item() == pytest.approx(0.09)


def test_a_mirrored_content_is_mirrored_for_the_teacher_too() -> None:
    term = Hard(teacher=taught_by(1.0), terms={"l1": L1(weight=1.0)})
    content = ramp()
    p = GeneratorPass(content.flip(-1), nn.Identity(), content=content, flipped=True)
    assert term(p)["hard_l1"].item() == 0


def test_pictures_take_tasks_in_turn() -> None:
    content = torch.ones(5, 3, 4, 4)
    painted = taught_by(0.1, 0.2).paint(GeneratorPass(content, nn.Identity(), content=content))
    assert painted[:, 0, 0, 0].tolist() == pytest.approx([0.1, 0.2, 0.1, 0.2, 0.1])
    assert [
        len(each.maps[0]) for each in taught_by(0.1, 0.2).judge(content, GeneratorPass(content, nn.Identity()))
    ] == [3, 2]


def test_scores_distance_by_hand() -> None:
    painted, wanted = torch.tensor([3.0, 0.0, 1.0]), torch.tensor([2.0, 1.0, 3.0])
    # sorted 0, 1, 3 and 1, 2, 3: mean distance 2/3, in units of a deviation of 1
    assert scores_distance(painted, wanted).item() == pytest.approx(2 / 3, rel=2e-3)
    assert scores_distance(wanted.flip(0), wanted).item() == 0


def test_soft_leaves_free_where_things_lie() -> None:
    term, content = Soft(teacher=taught_by(1.0), features=1.0, scores=1.0), ramp()
    moved = content.flip(-1)
    found = term(GeneratorPass(moved, nn.Identity(), content=content))
    assert set(found) == {"soft_features", "soft_scores"}
    assert all(value.item() == pytest.approx(0, abs=1e-5) for value in found.values())
    brighter = term(GeneratorPass(content + 0.3, nn.Identity(), content=content))
    assert all(value.item() > 0.1 for value in brighter.values())


def test_a_student_gets_a_gradient_through_the_discriminator_and_the_teacher_none() -> None:
    teacher = taught_by(0.5, judge=lambda: PatchGAN(features=2, layers=0))
    content = torch.rand(2, 3, 16, 16)
    student = Times(0.9)
    found = Soft(teacher=teacher)(GeneratorPass(student(content), student, content=content))
    sum(found.values(), torch.zeros(())).backward()
    assert student.factor.grad is not None
    assert student.factor.grad.item() != 0
    assert not any(p.requires_grad for network in teacher.several[0].networks.values() for p in network.parameters())


def test_teachers_are_neither_trained_nor_saved_but_recognised() -> None:
    term = Hard(teacher=taught_by(0.5), terms={"l1": L1()})
    assert list(term.parameters()) == []
    state = term.state_dict()
    assert [value.shape for value in state.values()] == [(32,)]  # a hash
    Hard(teacher=taught_by(0.5), terms={"l1": L1()}).load_state_dict(state)
    with pytest.raises(Exception, match="is not as it was when this student began"):
        Hard(teacher=taught_by(0.6), terms={"l1": L1()}).load_state_dict(state)


def test_a_teacher_of_another_kind_differs() -> None:
    one, grey = painter(Times(1.0)), painter(Times(1.0), channels=1)
    of_noise = Painter(nn.Identity(), one.gives, ("latent",))
    assert difference_of(one, one) is None
    assert difference_of(of_noise, one) == "paints from latent, the student from content"
    assert (
        difference_of(grey, one)
        == "paints pictures of 1 channels at 1 times the size, the student of 3 channels at 1 times the size"
    )


class Noise(nn.Module):
    """Paints the sum of a latent vector and a label."""

    latent_dim = 2

    def forward(self, latent: Tensor, label: Tensor) -> Tensor:
        return (latent.sum(1) + label)[:, None, None, None].expand(-1, 3, 4, 4)


def test_a_teacher_of_noise_is_given_the_student_s_noise_and_labels() -> None:
    gives = ImageSpec(3, 4, 4, ("a", "b"))
    of_noise = Painter(Noise(), gives, ("latent", "label")).eval()
    teacher = Teachers([Teacher(Path(), {"generator": of_noise}, None, False)])
    latent, label = torch.tensor([[0.1, 0.2], [-0.4, -0.3]]), torch.tensor([0, 1])
    painted = teacher.paint(GeneratorPass(torch.zeros(2, 3, 4, 4), nn.Identity(), latent=latent, condition=label))
    assert painted[:, 0, 0, 0].tolist() == pytest.approx([0.3, 0.3])
    with pytest.raises(ValueError, match="no latent"):
        teacher.paint(GeneratorPass(torch.zeros(2, 3, 4, 4), nn.Identity(), condition=label))


def test_a_teacher_of_styles_finds_the_code_itself() -> None:
    of_styles = style_painter()
    teacher = Teachers([Teacher(Path(), {"generator": of_styles}, None, False)])
    content, style = picture(32, 32), picture(32, 32, 1)
    p = GeneratorPass(content, nn.Identity(), content=content, style=style, code=torch.zeros(1, 3))
    assert torch.equal(teacher.paint(p), of_styles(content=content, style=style))


def test_a_teacher_draws_the_noise_that_its_student_drew() -> None:
    painter = style_painter()
    teacher = Teachers([Teacher(Path(), {"generator": painter}, None, False)])
    student = style_painter().network.train()
    teacher.attach(student)
    content, style = picture(32, 32), picture(32, 32, 1)
    painted = student(content, student.encoder(style))  # type: ignore[operator]
    p = GeneratorPass(painted, student, content=content, style=style)
    before = torch.get_rng_state()
    assert torch.equal(teacher.paint(p), painted.clamp(-1, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert not painter.network.training
    other = GeneratorPass(painted.clone(), student, content=content, style=style)  # nothing is known of its noise
    assert not torch.allclose(teacher.paint(other), painted, atol=1e-2)
