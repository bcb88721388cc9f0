"""What is explained, and how thoroughly; imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from impasto.base.checks import as_path, check_between, check_list, check_number
from impasto.base.errors import UserError
from impasto.painters.checkpoints import run_folder

METHODS: Final = ("sefa", "ganspace", "supervised")
"""Ways to find directions."""
PAGE: Final = "explain.html"


@dataclass(frozen=True)
class Settings:
    """Settings of the command.

    Attributes:
        methods: of :data:`METHODS`.
        attributes: see :func:`~impasto.explain.attributes.choose_attributes`.
        directions: of each method that needs no attributes.
        place: which feature map principal components are of.
        num_images: pictures that directions are found with.
        num_measured: other pictures that their changes are measured with.
        rows: pictures moved along each direction.
        steps: pictures in a row.
        reach: standard deviations to both sides.
        seconds: of clips; 0 writes none.
        patch: pixels of the patches of a style picture that are hidden to see what they bring about.
        num_searched: pictures trained on among which nearest ones are searched; 0 searches none.
        project_steps: of the optimiser that projects a picture.
        seed: of everything that is drawn.
        batch_size: pictures at a time.
    """

    methods: Sequence[str] = METHODS
    attributes: Sequence[str] | None = None
    directions: int = 4
    place: int = 0
    num_images: int = 1024
    num_measured: int = 128
    rows: int = 4
    steps: int = 7
    reach: float = 3.0
    seconds: float = 8.0
    patch: int = 32
    num_searched: int = 10_000
    project_steps: int = 200
    seed: int = 0
    batch_size: int = 64

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            UserError: one is out of range, or a method does not exist.
        """
        least = {"directions": 1, "place": 0, "num_images": 64, "num_measured": 8, "rows": 1, "steps": 2, "patch": 4}
        least |= {"num_searched": 0, "project_steps": 1, "seed": 0, "batch_size": 1}
        for name, number in least.items():
            check_number(name, getattr(self, name), number)
        check_between("reach", self.reach, 0.1, 20, " standard deviations")
        check_between("seconds", self.seconds, 0, 600, "; 0 writes no clips")
        check_list("methods", self.methods)
        if unknown := [each for each in self.methods if each not in METHODS] or ["nothing"] * (not self.methods):
            raise UserError(f"methods: {unknown[0]} is not known; give a list of {', '.join(METHODS)}.")
        if self.attributes is not None:
            check_list("attributes", self.attributes)
            if not self.attributes:
                raise UserError("attributes=[] leaves nothing to measure by: give some, or null for all that fit.")


def page_folder(output: object, checkpoint: Path | None, overwrite: bool) -> Path:
    """Where the page goes: ``output``, or the folder ``explain`` of the run, or here for the base that comes along.

    Raises:
        UserError: there is a page already, or it is a file.
    """
    run = Path() if checkpoint is None else run_folder(checkpoint)
    folder = run / "explain" if output is None else as_path("output", output)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"output={folder} is a file; give a folder.")
    if (folder / PAGE).exists() and not overwrite:
        raise UserError(f"{folder / PAGE} is there already; give another output= or overwrite=true.")
    return folder
