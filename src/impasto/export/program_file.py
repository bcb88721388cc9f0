"""A part as a program of ``torch.export``, for use without Impasto where torch is."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor
from torch.export import ExportedProgram

from impasto.export.description import metadata
from impasto.export.parity import LIMIT, Parity, Run, compared, refuse_difference
from impasto.export.parts import Part
from impasto.export.settings import Settings

METADATA: Final = "impasto.json"
"""Name of the file inside the program's that says what it takes and gives."""


def write(part: Part, program: ExportedProgram, path: Path, settings: Settings) -> tuple[Parity, dict[str, Any]]:  # noqa: ARG001
    """Write a part as a program of torch, run it, and compare; the report has nothing beside the parity.

    Raises:
        UserError: it differs.
    """
    save_program(program, metadata(part), path)
    parity, worst = compared(part, run_of_program(path))
    refuse_difference(parity, worst, LIMIT, "Use format=onnx.")
    return parity, {}


def save_program(program: ExportedProgram, values: Mapping[str, Any], path: Path) -> None:
    """Write a program with plain values beside it."""
    with path.open("wb") as file:
        torch.export.save(program, file, extra_files={METADATA: json.dumps(dict(values))})


def run_of_program(path: Path) -> Run:
    """Reads a program and calls it with its inputs in order."""
    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore")
        module = torch.export.load(file).module()  # type: ignore[arg-type]

    def run(given: tuple[Tensor, ...]) -> Tensor:
        return cast(Tensor, module(*given))

    return run
