"""Watches a run, and says in words what is wrong with it."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lightning import Callback, Trainer
from torch import Tensor

from impasto.base.notices import notice
from impasto.base.ranges import Interval, Share
from impasto.callbacks.clock import due
from impasto.callbacks.evaluation import Evaluation
from impasto.callbacks.find import find_callback
from impasto.callbacks.findings import SETTLED, Case, Finding, findings
from impasto.callbacks.looks import Look, look
from impasto.models.base import AdversarialModel, Batch


class Monitor(Callback):
    """Looks at the run at intervals, and notices what :mod:`~impasto.callbacks.findings` has rules for.

    It changes nothing: what it looks at are scores and small copies that training has made anyway, and the figures of a
    run are the same with and without it. Each finding is said once.

    Args:
        every_kimg: interval; None takes a 40th of the run, or 5 if that is less.
        kimg: length of the run.
        settled: share of the run before which most rules say nothing: beginnings are wild.
        record: configuration of the run, from which remedies take their values.

    Attributes:
        looks: so far.
        findings: so far, by the name of the rule.
    """

    def __init__(
        self,
        every_kimg: Interval | None = None,
        kimg: float = math.inf,
        settled: Share = SETTLED,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        self.every_kimg = every_kimg or min(5.0, kimg / 40)
        self.kimg, self.settled, self.record = kimg, settled, record or {}
        self.looks: list[Look] = []
        self.findings: dict[str, Finding] = {}
        self._before: Tensor | None = None

    def state_dict(self) -> dict[str, Any]:
        """What was seen and said, for resuming."""
        said = [asdict(finding) for finding in self.findings.values()]
        before = None if self._before is None else self._before.cpu()
        return {"looks": [each.to_dict() for each in self.looks], "findings": said, "before": before}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The inverse."""
        self.looks = [Look(**values) for values in state_dict["looks"]]
        self.findings = {values["name"]: Finding(**values) for values in state_dict["findings"]}
        self._before = state_dict.get("before")

    def on_train_batch_end(  # type: ignore[override]
        self, trainer: Trainer, pl_module: AdversarialModel, outputs: object, batch: Batch, batch_idx: int
    ) -> None:
        """Look when it is time."""
        if due(pl_module, self.every_kimg):
            self.judge(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: AdversarialModel) -> None:  # type: ignore[override]
        """Judge once more: the guard may have ended the run, and the evaluation has its last figures."""
        if self.looks:
            self.say(trainer, pl_module)

    def judge(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Look, and say what is new."""
        if self.looks and self.looks[-1].rollbacks != len(model.state.rollbacks):
            self._before = None  # painted by weights that are gone
        seen, self._before = look(model, self._before)
        self.looks.append(seen)
        self.say(trainer, model)

    def say(self, trainer: Trainer, model: AdversarialModel) -> None:
        """Notice what is wrong and was not said before."""
        begun = self.settled * self.kimg if math.isfinite(self.kimg) else 0.0
        evaluation = find_callback(trainer, Evaluation)
        figures = evaluation.history[-1] if evaluation is not None and evaluation.history else {}
        settled = [each for each in self.looks if each.kimg >= begun]
        case = Case(self.looks, settled, model.state.rollbacks, self.record, figures)
        for finding in findings(case, self.findings):
            self.findings[finding.name] = finding
            notice(f"monitor.{finding.name}", finding.sentence)
