"""How to export, and where to; imports no torch, so that a mistake is reported at once."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from impasto.base.checks import as_path, check_number, check_share, check_switch
from impasto.base.errors import UserError
from impasto.base.files import check_writable
from impasto.data.sources.folder import FolderSource

PAINT: Final = "paint"
ENCODE: Final = "encode"
"""Parts of a painter, by what they do."""
FORMATS: Final = {"onnx": ".onnx", "torch": ".pt2", "safetensors": ".safetensors"}
"""With the endings of their files."""
OPSETS: Final = (18, 23)
"""Least and greatest version of ONNX's operators that torch writes."""
QUANTISATIONS: Final = ("static", "weights")
"""Of 8 bits: weights and what layers take and give, or weights alone."""
NEEDED: Final = ("onnx", "onnxscript", "onnxruntime")
"""Packages of the extra ``export``."""


@dataclass(frozen=True)
class Settings:
    """How to export.

    Attributes:
        format: of :data:`FORMATS`.
        opset: version of ONNX's operators.
        adapter_rank: of a painter of any style: keep adapters of up to this rank as an input; None without them.
        uint8: of ONNX: take and give bytes.
        quantize: of ONNX: ``static`` or ``weights``, see :mod:`~impasto.export.quantisation`; None for floats.
        calibration: folder of pictures on which ranges and losses are measured; None takes embedded ones.
        max_loss: greatest mean difference of the painting that quantisation may make, as a share of the range.
    """

    format: str = "onnx"
    opset: int = 20
    adapter_rank: int | None = None
    uint8: bool = False
    quantize: str | None = None
    calibration: Path | None = None
    max_loss: float = 0.02


def check_settings(settings: Settings, style: object = None) -> None:
    """Make sure that settings fit, and that what they need is installed.

    Args:
        settings: how to export.
        style: what is to be baked in; None for nothing.

    Raises:
        UserError: one does not.
    """
    if settings.format not in FORMATS:
        raise UserError(f"format={settings.format} is not known; choose one of {', '.join(FORMATS)}.")
    check_number("opset", settings.opset, 1)
    if not OPSETS[0] <= settings.opset <= OPSETS[1]:
        raise UserError(f"opset={settings.opset} is out of range; give {OPSETS[0]} to {OPSETS[1]}.")
    if settings.adapter_rank is not None:
        check_number("adapter_rank", settings.adapter_rank, 1)
    check_switch("uint8", settings.uint8)
    if settings.uint8 and settings.format != "onnx":
        raise UserError(f"uint8=true is for format=onnx, not {settings.format}: leave it out.")
    check_quantisation(settings)
    if settings.adapter_rank is not None and settings.format == "safetensors":
        raise UserError("adapter_rank= is for graphs; a safetensors file of a base takes any adapter: leave it out.")
    if style is not None and settings.format == "safetensors":
        raise UserError("style= is baked into graphs; a safetensors file of a base takes any style: leave it out.")
    missing = [name for name in NEEDED if settings.format == "onnx" and find_spec(name) is None]
    if missing:
        raise UserError(f"format=onnx needs {', '.join(missing)}: pip install 'impasto[export]'.")


def check_quantisation(settings: Settings) -> None:
    """Make sure that settings of the quantisation fit, and that the pictures are there.

    Raises:
        UserError: they do not.
    """
    check_share("max_loss", settings.max_loss)
    if settings.quantize not in (None, *QUANTISATIONS):
        raise UserError(f"quantize={settings.quantize} is not known; choose one of {', '.join(QUANTISATIONS)}.")
    if settings.quantize is not None and settings.format != "onnx":
        raise UserError(f"quantize={settings.quantize} is for format=onnx, not {settings.format}: leave it out.")
    if settings.calibration is not None and settings.quantize is None:
        raise UserError("calibration= is for quantize=static or quantize=weights: give one of them, or leave it out.")
    if settings.calibration is not None and not settings.calibration.is_dir():
        raise UserError(f"calibration={settings.calibration} is no folder; give a folder of pictures.")
    if settings.calibration is not None:
        list(FolderSource(settings.calibration, labels="none", option="calibration").items())  # refuses one without any


def output_file(value: object, settings: Settings, overwrite: bool) -> Path:
    """The file to write.

    Raises:
        UserError: it is a folder, ends in something else than its format, or exists.
    """
    path, ending = as_path("output", value), FORMATS[settings.format]
    if path.is_dir() or path.suffix.lower() != ending:
        raise UserError(f"output={path}: give the name of a file that ends in {ending}.")
    if path.exists() and not overwrite:
        raise UserError(f"output={path} exists; give overwrite=true to replace it, or another name.")
    check_writable(path)  # rather than after minutes of work
    return path


def file_of(output: Path, part: str) -> Path:
    """The file of a part of a painter: that which paints has the name that is given, another one its own in between."""
    return output if part == PAINT else output.with_suffix(f".{part}{output.suffix}")


def check_free(output: Path, part: str, overwrite: bool) -> None:
    """Make sure that a further file, which the user did not name, replaces none.

    Raises:
        UserError: it exists.
    """
    if (path := file_of(output, part)).exists() and not overwrite:
        raise UserError(f"{path}, written beside output=, exists; give overwrite=true to replace it, or another name.")
