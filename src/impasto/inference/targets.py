"""Which pictures are painted and where each painting goes: settled first, so that none takes the place of another."""

import logging
from dataclasses import dataclass
from pathlib import Path

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.data.sources.folder import FolderSource
from impasto.inference.places import ONLY_READ, WRITTEN, existing_input, output_folder

log = logging.getLogger("impasto")


@dataclass(frozen=True)
class Targets:
    """Where paintings go.

    Attributes:
        paintings: by the path of the picture, in order.
        sheet: of photographs beside their paintings.
    """

    paintings: dict[Path, Path]
    sheet: Path


def choose_targets(source: str | Path, output: str | Path, with_sheet: bool = False) -> Targets:
    """Where the paintings of a picture, or of all pictures below a folder, go.

    Args:
        source: file or folder.
        output: folder; or a file, for the painting of a single one.
        with_sheet: whether the sheet is wanted.

    Raises:
        UserError: nothing to paint, or a painting that would take the place of a picture, a painting or the sheet.
    """
    root = existing_input(source)
    if root.is_file():
        target = target_of_one(root, as_path("output", output))
        paintings, folder = {root: target}, target.parent
    else:
        folder = output_folder(output)
        paintings = {root / name: folder / target_name(name) for name in list_pictures(root, folder)}
    sheet = folder / "sheet.png"
    taken: dict[Path, Path] = {}
    for picture, target in paintings.items():
        if (other := taken.setdefault(target, picture)) != picture:
            raise UserError(f"{other} and {picture} would both be painted as {target.name}: rename one of them.")
    if with_sheet and sheet in taken:
        raise UserError(f"sheet= writes {sheet}, and {taken[sheet]} is painted as that too: rename it, or drop sheet=.")
    return Targets(paintings, sheet)


def target_of_one(picture: Path, output: Path) -> Path:
    """Where the painting of a single picture goes: into a folder, or, where the output is named like one, a file.

    Raises:
        UserError: it would replace the picture, or cannot be written.
    """
    ending = output.suffix.lower()
    if output.is_dir() or ending not in (*WRITTEN, *ONLY_READ):
        if picture.parent.resolve() == output.resolve():
            raise UserError(f"output={output} is where the picture itself is; give another folder.")
        return output_folder(output) / target_name(picture.name)
    if ending in ONLY_READ:
        raise UserError(f"output={output}: {ending} is not written; give one of {', '.join(WRITTEN)}.")
    if output.exists() and output.samefile(picture):
        raise UserError(f"output={output} is the picture itself; give another name.")
    return output


def list_pictures(source: Path, output: Path) -> list[str]:
    """Paths of the pictures below a folder, in order; those in an output inside of it are left out.

    Raises:
        UserError: none, or an output that would replace the input.
    """
    if source.resolve() == output.resolve():
        raise UserError(f"output={output} is the folder of the pictures themselves; give another one.")
    names = [item.name for item in FolderSource(source, labels="none", option="input").items()]
    inside = output.resolve()
    if not inside.is_relative_to(source.resolve()):
        return names
    kept = [name for name in names if not (source / name).resolve().is_relative_to(inside)]
    if not kept:
        raise UserError(f"All of input={source} ({len(names)}) lies in output={output}; give another output=.")
    if len(kept) < len(names):
        log.info(
            "%d of %d pictures lie in output=%s, inside the input, and are left out: paintings are not painted again.",
            len(names) - len(kept),
            len(names),
            output,
        )
    return kept


def target_name(name: str) -> str:
    """The same name; with .png added to formats that are only read."""
    return name if Path(name).suffix.lower() in WRITTEN else f"{name}.png"
