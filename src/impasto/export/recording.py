"""Recording a part as a graph: ``torch.export``, from which both kinds of graph files are made."""

import logging
import warnings

import torch
from torch.export import ExportedProgram

from impasto.base.errors import UserError
from impasto.export.parts import Part, dynamic_shapes, example_inputs


def recorded(part: Part) -> ExportedProgram:
    """The graph of a part, for any batch, and any height and width that the network takes.

    Raises:
        UserError: the network does something that a graph cannot hold.
    """
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            return torch.export.export(part.module, example_inputs(part), dynamic_shapes=dynamic_shapes(part))
    except UserError:
        raise
    except Exception as problem:
        logging.getLogger("impasto").debug("torch.export failed", exc_info=problem)
        raise UserError(f"{describe(part)} cannot be exported: {reason(problem)}; use it with stylize.py.") from None


def describe(part: Part) -> str:
    """A part's network by its class."""
    network = type(part.painter.network)
    return f"{network.__module__.rpartition('.')[2]}.{network.__name__}"


def reason(problem: Exception) -> str:
    """The first line of what torch said, without its end."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return (lines[0] if lines else type(problem).__name__).rstrip(".:")[:200]
