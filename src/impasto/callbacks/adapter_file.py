"""The style that a run has learnt, as a small file."""

import logging
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from lightning import Callback, Trainer

from impasto.base.errors import UserError
from impasto.base.files import dispensable
from impasto.base.notices import notice
from impasto.base.parts import Parts, Refusal
from impasto.base.ranges import Positive
from impasto.callbacks.checkpoints import Checkpoints
from impasto.callbacks.clock import Clock
from impasto.callbacks.evaluation import Evaluation
from impasto.callbacks.find import find_callback
from impasto.evaluation.figures.copied_patches import measure_copies
from impasto.models.base import AdversarialModel, Batch
from impasto.networks.style_adapter import StyleAdapter
from impasto.painters.adapters import base_sha256, save_adapter
from impasto.painters.checkpoints import read_checkpoint
from impasto.painters.style import PaintStyle, StylePainter

log = logging.getLogger("impasto")


class AdapterFile(Callback):
    """Writes the average of a :class:`~impasto.networks.style_adapter.StyleAdapter` as an adapter, also while training
    goes on, so that it is there whenever a run ends.

    At the end it is the best that was measured, or the last if nothing was, with the last scores, and with how near
    painted patches come to those of the style's pictures (:func:`measure_copies`).

    Args:
        path: of the file.
        record: the run's configuration as plain values.
        settings: what is kept of it, by name: dotted keys.
        first_seconds: seconds of training before the first file.
        every_seconds: interval after that.
        photos: held-out photographs that are painted to search for copies; 0 does not search.
    """

    def __init__(
        self,
        path: str | Path,
        record: dict[str, Any],
        settings: Mapping[str, str] | None = None,
        first_seconds: Positive = 20.0,
        every_seconds: Positive = 30.0,
        photos: int = 8,
    ) -> None:
        self.path, self.photos = Path(path), photos
        self.settings = {name: looked_up(record, key) for name, key in (settings or {}).items()}
        self.clock = Clock(first_seconds, every_seconds)
        self._base = ""

    def check_with(self, parts: Parts) -> Iterator[Refusal]:
        """Refuse generators that are no adapter."""
        for generator in parts.generators.values():
            if not isinstance(generator, StyleAdapter):
                yield Refusal(no_adapter(generator))

    def on_train_start(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Say what the style is learnt with."""
        self.clock.start(pl_module)
        adapter = adapter_of(pl_module)
        if adapter.rank is None:
            notice(
                "adapter",
                "All weights are trained, which no adapter holds: stylize.py checkpoint=RUN_DIR paints with this run.",
            )
            return
        self._base = base_sha256(as_base(adapter, pl_module))
        if trainer.is_global_zero and pl_module.images_seen == 0:
            log.info("%s", ", ".join(f"{name} {value}" for name, value in self.settings.items()))

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Write when it is time; a full disk does not end the run."""
        if self._base and self.clock.due(pl_module) and not trainer.should_stop and trainer.is_global_zero:
            with dispensable("adapter"):
                self.write(trainer, pl_module, adapter_of(pl_module), {})

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Write the best with all scores."""
        if not self._base or not trainer.is_global_zero or not pl_module.is_finite():
            return
        evaluation, checkpoints = find_callback(trainer, Evaluation), find_callback(trainer, Checkpoints)
        latest = evaluation.latest if evaluation is not None else None
        scores = dict(latest.figures) if latest is not None else {}
        adapter = adapter_of(pl_module)
        if checkpoints is not None and checkpoints.best and checkpoints.best["images_seen"] != pl_module.images_seen:
            adapter = best_of(adapter, checkpoints.folder / "best.ckpt")
        if not pl_module.interrupted:
            scores |= self.copies(trainer, pl_module, adapter)
        self.write(trainer, pl_module, adapter, scores)
        log.info("The style is in %s: stylize.py style=%s input=PHOTOS output=PAINTED", self.path, self.path)

    def copies(self, trainer: Trainer, model: AdversarialModel, adapter: StyleAdapter) -> dict[str, float]:
        """How near painted patches come to the style's pictures."""
        data = getattr(trainer, "datamodule")  # noqa: B009
        if not self.photos:
            return {}
        photos = data.whole("content", "held_out", self.photos)
        painted = [adapter.eval()(photo.to(model.device)).detach().cpu() for photo in photos]
        return measure_copies(painted, list(data.whole("style")))

    def write(self, trainer: Trainer, model: AdversarialModel, adapter: StyleAdapter, scores: dict[str, float]) -> None:
        """Write one file."""
        style = PaintStyle(adapter.code.detach(), {name: value.detach() for name, value in adapter.deltas.items()})
        pictures = sum(1 for _ in getattr(trainer, "datamodule").whole("style"))  # noqa: B009
        settings = {**self.settings, "kimg": model.kimg, "seconds": round(model.state.seconds, 1)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        save_adapter(self.path, style, self._base, settings, scores, pictures)


def adapter_of(model: AdversarialModel) -> StyleAdapter:
    """The average of what is trained.

    Raises:
        UserError: the model trains something else.
    """
    network = model.painter.network
    if not isinstance(network, StyleAdapter):
        raise UserError(no_adapter(network))
    return network


def no_adapter(network: object) -> str:
    """Why a network is refused."""
    return (
        "The callback AdapterFile writes styles of model=personal_style, and this model trains "
        f"{type(network).__name__}: leave the callback out, or choose that model."
    )


def as_base(adapter: StyleAdapter, model: AdversarialModel) -> StylePainter:
    """The base under an adapter, as a painter."""
    painter = model.painter
    return StylePainter(adapter.base, painter.gives, ("content", "style"), painter.content)


def best_of(adapter: StyleAdapter, checkpoint: Path) -> StyleAdapter:
    """The average in a checkpoint of the same run."""
    prefix = "painters.painter.network."
    weights = read_checkpoint(checkpoint)["state_dict"]
    best = deepcopy(adapter)
    best.load_state_dict({k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)})
    return best


def looked_up(record: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key; None if there is none."""
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return cast(Any, value)
