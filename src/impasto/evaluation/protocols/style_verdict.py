"""What a table of style scores says, in sentences."""

from collections.abc import Mapping
from typing import Final

from impasto.evaluation.figures.intervals import Estimate
from impasto.evaluation.protocols.comparison import CONTROLS, OURS
from impasto.evaluation.protocols.usual_scores import fooled

REAL: Final = "style pictures"
"""The row of the style pictures themselves, each against the others."""
STYLES: Final = ("style", "stroke")
CONTENT: Final = "structure_change"
BETTER: Final = "better than all controls"
FOOLED: Final = "usual scores that controls fool"


def shortcomings(rows: Mapping[str, Mapping[str, Estimate]]) -> list[str] | None:
    """Where repainted pictures do not beat the controls; empty if they do, None if too few pictures can tell.

    They must be nearer to the style than every control, in style and in stroke, intervals apart. Their content must be
    as good as that of controls that repaint, or better; of the content as it is and recoloured, which keep it by not
    painting, that is not asked. And it must be better than that of a style picture in their place, intervals apart.

    Args:
        rows: estimates by row and figure, :data:`OURS` among them; lower is better. All but that and :data:`REAL` are
            controls.
    """
    ours, problems = rows[OURS], []
    controls = [name for name in rows if name not in (OURS, REAL)]
    asked = [(figure, name) for name in controls for figure in STYLES] + [(CONTENT, REAL)]
    for figure, name in asked:
        theirs = rows[name][figure]
        high, low = ours[figure].high, theirs.low
        if high is None or low is None:
            return None
        if high >= low:
            problems.append(f"{figure} is not below that of {name} ({ours[figure].value:.3f}, {theirs.value:.3f})")
    for name in controls:
        if name not in CONTROLS and ours[CONTENT].value > (rows[name][CONTENT].high or 0.0):
            values = f"({ours[CONTENT].value:.3f}, {rows[name][CONTENT].value:.3f})"
            problems.append(f"{CONTENT} is worse than that of {name} {values}")
    return problems


def conclusions(rows: Mapping[str, Mapping[str, Estimate]], usual: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """Sentences by what they are about.

    Args:
        rows: estimates by row and figure.
        usual: usual scores by row.
    """
    found, names = shortcomings(rows), fooled(usual)
    better = "yes" if found == [] else f"no: {'; '.join(found)}" if found else "unknown: too few pictures for intervals"
    told = [
        f"{name} ({usual[OURS][name]:.3g}; {', '.join(f'{row} {usual[row][name]:.3g}' for row in fooling)})"
        for name, fooling in names.items()
    ]
    return {BETTER: better, FOOLED: ", ".join(told) or "none of those measured"}
