"""Trained painters that teach others: what they paint of a batch, and how the discriminators that they had judge it."""

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from impasto.base.errors import UserError
from impasto.base.spec import ImageSpec
from impasto.losses.terms.term import GeneratorPass, given
from impasto.networks.build import build_network
from impasto.networks.layers.placed import Placed
from impasto.networks.scores import Scores
from impasto.painters.checkpoints import discriminator_of, find_checkpoint, read_checkpoint, shipped_base
from impasto.painters.loading import load_painter
from impasto.painters.painter import Painter
from impasto.painters.rebuilding import TRUSTED, build
from impasto.painters.style import StylePainter
from impasto.painters.style_base import discriminator_in

ONLY: Final = "generator"
"""The network of models that have one generator."""
DRAWS: Final = "drawn_from"
"""Attribute of what a student painted: the states of random generators before it did."""


class Teacher:
    """One trained model.

    Args:
        path: its checkpoint, which messages name.
        painters: by name of their networks.
        discriminator: that it was trained against; None if its file holds none.
        sees_content: the discriminator sees content beside what it judges.
    """

    def __init__(
        self, path: Path, painters: Mapping[str, Painter], discriminator: nn.Module | None, sees_content: bool
    ) -> None:
        self.path, self.sees_content = path, sees_content
        self.networks: dict[str, nn.Module] = dict(painters)
        if discriminator is not None:
            self.networks["discriminator"] = discriminator.eval().requires_grad_(False)

    def painter(self, name: str) -> Painter:
        """The painter whose network has this name; the first, if none has."""
        return cast(Painter, self.networks.get(name, next(iter(self.networks.values()))))

    @property
    def discriminator(self) -> nn.Module | None:
        """That it was trained against."""
        return self.networks.get("discriminator")

    @torch.no_grad()
    def paint(self, p: GeneratorPass) -> Tensor:
        """What it paints of the same as a student: (N, C, H, W) in [-1, 1], without graph.

        Noise that belongs to places is the same as the student's, if :func:`remember_draws` was told of that.
        """
        painter, inputs = self.painter(p.name).to(p.painted.device), inputs_of(self.painter(p.name), p)
        states = getattr(p.painted, DRAWS, None)
        if states is None or not isinstance(painter.network, Placed):
            return painter(**inputs)
        device = p.painted.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.set_rng_state(states[0])
            if device.type == "cuda":
                torch.cuda.set_rng_state(states[1], device)
            try:
                painter.network.train()  # in which noise is drawn
                return painter(**inputs)
            finally:
                painter.network.eval()

    def judge(self, pictures: Tensor, p: GeneratorPass) -> Scores:
        """The scores that its discriminator gives to pictures (N, C, H, W) made of the same; with graph.

        Style models have discriminators that are told the style: here the code that the teacher itself finds.

        Raises:
            UserError: it has no discriminator.
        """
        judge = self.discriminator
        assert judge is not None
        judge.to(pictures.device)
        condition = p.condition
        if isinstance(painter := self.painter(p.name), StylePainter):
            with torch.no_grad():
                code = painter.to(pictures.device).generator.encoder(given(p, "style"))
            condition = nn.functional.pad(code, (0, 1))  # strokes as large as in the style
        beside = (given(p, "shown"),) if self.sees_content else ()
        return Scores.of(judge(pictures, condition, *beside))


class Teachers:
    """One teacher for all pictures of a batch; or several, one for each task, with pictures that take tasks in turn.

    Args:
        several: the teachers.
    """

    def __init__(self, several: Sequence[Teacher]) -> None:
        self.several = tuple(several)

    def paint(self, p: GeneratorPass) -> Tensor:
        """What the teachers paint of the same as a student: (N, C, H, W) in [-1, 1], without graph."""
        if len(self.several) == 1:
            return self.several[0].paint(p)
        painted = torch.empty_like(p.painted)
        for task, teacher in enumerate(self.several):
            painted[task :: len(self.several)] = teacher.paint(of_task(p, task, len(self.several)))
        return painted

    def judge(self, pictures: Tensor, p: GeneratorPass) -> list[Scores]:
        """The scores that each teacher's discriminator gives to its own of the pictures (N, C, H, W); with graph."""
        count = len(self.several)
        parts = [(teacher, of_task(p, task, count)) for task, teacher in enumerate(self.several)]
        return [teacher.judge(pictures[task::count], part) for task, (teacher, part) in enumerate(parts)]

    def attach(self, generator: nn.Module) -> None:
        """Get to know a student before it is trained."""
        remember_draws(generator)

    def trained_against(self) -> set[str]:
        """Names of pretrained networks in the losses of their training."""
        painters = (network for each in self.several for network in each.networks.values())
        return {name for painter in painters if isinstance(painter, Painter) for name in painter.trained_against}

    def fingerprint(self) -> bytes:
        """A hash of the weights of all teachers."""
        found = hashlib.sha256()
        for teacher in self.several:
            for name, network in teacher.networks.items():
                found.update(name.encode())
                for value in network.state_dict().values():
                    found.update(value.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
        return found.digest()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Teachers":
        """Itself: it never changes."""
        return self


def remember_draws(generator: nn.Module) -> None:
    """Make a student note on what it paints which noise it drew for that, so that its teacher can draw the same.

    Strokes begin where noise says: under other noise they would lie elsewhere, and no pixel could be compared.
    """
    before: list[tuple[Tensor, ...]] = []

    def note(network: nn.Module, _: object) -> None:
        device = next((p.device for p in network.parameters()), torch.device("cpu"))
        before[:] = [(torch.get_rng_state(), *([torch.cuda.get_rng_state(device)] if device.type == "cuda" else []))]

    def pass_on(_: nn.Module, __: object, painted: Tensor) -> None:
        setattr(painted, DRAWS, before[0])

    if isinstance(generator, Placed):
        generator.register_forward_pre_hook(note)
        generator.register_forward_hook(pass_on)


def inputs_of(painter: Painter, p: GeneratorPass) -> dict[str, Tensor]:
    """What a painter takes, of what a student was given.

    Raises:
        ValueError: the way of training does not provide it.
    """
    fields = {"latent": "latent", "label": "condition", "vector": "condition", "content": "shown", "style": "style"}
    return {name: given(p, fields[name]) for name in painter.takes}


def of_task(p: GeneratorPass, task: int, count: int) -> GeneratorPass:
    """The pictures of one task, when pictures take ``count`` tasks in turn."""
    part = GeneratorPass(p.painted[task::count], p.generator, p.name, flipped=p.flipped)
    for name in ("content", "style", "latent", "condition"):
        values = getattr(p, name)
        setattr(part, name, values[task::count] if values is not None and len(values) == len(p.painted) else values)
    return part


def teachers(of: str | Sequence[str] | None = None) -> Teachers:
    """The teachers in runs, checkpoints or bases, on the CPU.

    Args:
        of: one or several; None takes the base that comes with the package.

    Raises:
        UserError: one of them cannot be loaded, or there is none in the list.
    """
    files = [shipped_base()] if of is None else [of] if isinstance(of, str | Path) else list(of)
    if not files:
        raise UserError("teacher=[] names no teacher: give runs or checkpoints, such as teacher=outputs/RUN.")
    if missing := [file for file in files if not Path(file).exists()]:
        raise UserError(f"teacher={missing[0]} does not exist: give the folder of a run, or a checkpoint or base.")
    with torch.device("cpu"):
        return Teachers([teacher_in(find_checkpoint(file)) for file in files])


def teacher_in(path: Path) -> Teacher:
    """The painters and the discriminator in a checkpoint or base.

    Raises:
        UserError: it cannot be loaded.
    """
    if path.suffix == ".safetensors":
        painters = {ONLY: load_painter(path, device="cpu")}
        node, weights = discriminator_in(path)
    else:
        content = read_checkpoint(path)
        known = content["impasto"]["painters"]
        painters = {each["network"]: load_painter(path, device="cpu", direction=name) for name, each in known.items()}
        node, weights = discriminator_of(content) or (None, {})
    first = next(iter(painters.values()))
    discriminator, sees_content = rebuilt_discriminator(node, weights, first) if node else (None, False)
    return Teacher(path, painters, discriminator, sees_content)


def rebuilt_discriminator(
    node: Mapping[str, Any], weights: Mapping[str, Tensor], painter: Painter
) -> tuple[nn.Module | None, bool]:
    """The discriminator that a painter was trained against, and whether it sees content beside pictures.

    Whether it does is known by its weights, as files do not say so.

    Args:
        node: its class and arguments, as in ``conf/``.
        weights: by name.
        painter: what it judges.

    Returns:
        None for one that cannot be built again, such as a user's own.
    """
    beside: list[ImageSpec | None] = [None, *([painter.content] if painter.content is not None else [])]
    for given_spec in beside:
        try:
            network = build_network(build(deepcopy(dict(node)), TRUSTED), painter.gives, given_spec)
            network.load_state_dict(weights)
        except (RuntimeError, TypeError, UserError):
            continue
        return network, given_spec is not None
    return None, False
