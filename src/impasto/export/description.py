"""What a file says of the part of a painter that it holds."""

from typing import Any

from impasto.export.parts import Part


def metadata(part: Part) -> dict[str, Any]:
    """What a file says of a part."""
    values: dict[str, Any] = {
        "impasto": part.name,
        "inputs": [each.to_dict() for each in part.inputs],
        "outputs": [part.output_dict()],
        "classes": list(part.painter.gives.class_names),
    }
    if (labels := part.painter.gives.label_map) is not None:
        values["labels"] = labels.to_dict()
    if part.layout is not None:
        values["adapter_layout"] = part.layout.to_dict()
    return values
