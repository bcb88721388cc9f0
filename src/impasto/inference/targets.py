"""Which pictures and clips are painted and where each painting goes: chosen first, so that none replaces another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from impasto.base.checks import as_path
from impasto.base.errors import UserError
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.measured.reading import kind_of
from impasto.data.sources.measured_names import named_measured
from impasto.inference.formats import PICTURE_ENDINGS, endings_written, target_name
from impasto.inference.places import existing_input, output_folder
from impasto.video.endings import WRITTEN, is_clip


@dataclass(frozen=True)
class Targets:
    """Where paintings go.

    Attributes:
        root: the picture or clip, or the folder of them.
        paintings: by the path of the picture or clip, in order.
        sheet: of photographs beside their paintings.
        remarks: sentences about pictures that are left out.
    """

    root: Path
    paintings: dict[Path, Path]
    sheet: Path
    remarks: tuple[str, ...] = ()


def choose_targets(
    source: str | Path,
    output: str | Path,
    with_sheet: bool = False,
    name_of: Callable[[str], str] = target_name,
    clips: str | None = None,
) -> Targets:
    """Where the paintings of a picture or clip, or of all below a folder, go.

    Args:
        source: file or folder.
        output: folder; or a file, for the painting of a single one.
        with_sheet: whether a sheet is written too.
        name_of: gives the name of a painting for that of its picture.
        clips: what clips cannot be painted with, as ``steps= is``; None takes them too.

    Raises:
        UserError: there is nothing to paint, or a painting would replace a picture, another painting or the sheet.
    """
    root = existing_input(source)
    remarks: tuple[str, ...] = ()
    if root.is_file():
        if clips and is_clip(root):
            raise UserError(f"{clips} for pictures alone, and input={root} is a clip: give pictures.")
        target = target_of_one(root, as_path("output", output), name_of)
        paintings, folder = {root: target}, target.parent
    else:
        folder = output_folder(output)
        names, remarks = list_pictures(root, folder, clips=clips is None)
        paintings = {root / name: folder / name_of(with_ending(root / name, name)) for name in names}
    for of, become in (("Pictures", "PNG"), ("Clips", "MP4")):
        changed = [p for p, target in paintings.items() if target.name == target_name(p.name) != p.name]
        if others := sorted({p.suffix.lower() for p in changed if is_clip(p) is (of == "Clips")}):
            kinds, ending = ", ".join(each or "no ending" for each in others), f".{become.lower()}"
            remarks += (
                f"{of} whose format is not written here ({kinds}) become {become}, and their names get {ending} added.",
            )
    sheet = folder / "sheet.png"
    taken: dict[Path, Path] = {}
    for picture, target in paintings.items():
        if (other := taken.setdefault(target, picture)) != picture:
            raise UserError(f"{other} and {picture} would both be painted as {target.name}: rename one of them.")
    if with_sheet and sheet in taken:
        raise UserError(f"sheet= writes {sheet}, and {taken[sheet]} is painted as that too: rename it, or drop sheet=.")
    return Targets(root, paintings, sheet, remarks)


def target_of_one(picture: Path, output: Path, name_of: Callable[[str], str] = target_name) -> Path:
    """Where the painting of a single picture goes: into a folder, or to a file if the output is named like one.

    Raises:
        UserError: it would replace the picture, or cannot be written.
    """
    ending, clip = output.suffix.lower(), is_clip(picture)
    measured = named_measured(output.name) is not None
    if output.is_dir() or not (ending in PICTURE_ENDINGS or is_clip(output) or measured):
        if picture.parent.resolve() == output.resolve():
            raise UserError(f"output={output} is where the picture itself is; give another folder.")
        return output_folder(output) / name_of(with_ending(picture, picture.name))
    endings = WRITTEN if clip else endings_written()
    if ending not in endings and not measured:
        raise UserError(f"output={output}: {ending} is not written here; give one of {', '.join(endings)}.")
    if output.exists() and output.samefile(picture):
        raise UserError(f"output={output} is the picture itself; give another name.")
    return output


def with_ending(picture: Path, name: str) -> str:
    """A name to paint under: DICOM files that have no ending, as scanners write them, get one."""
    return f"{name}.dcm" if named_measured(name) is None and kind_of(picture) == "dicom" else name


def list_pictures(source: Path, output: Path, clips: bool = True) -> tuple[list[str], tuple[str, ...]]:
    """Paths of the pictures below a folder, and of the clips if wanted, in order; and a sentence about those left out.

    Paintings in an output folder inside the source are left out.

    Raises:
        UserError: there are none, or the output would replace the input.
    """
    if source.resolve() == output.resolve():
        raise UserError(f"output={output} is the folder of the pictures themselves; give another one.")
    names = [item.name for item in FolderSource(source, "none", option="input", clips=clips, scans=True).items()]
    inside = output.resolve()
    if not inside.is_relative_to(source.resolve()):
        return names, ()
    kept = [name for name in names if not (source / name).resolve().is_relative_to(inside)]
    if not kept:
        raise UserError(f"All of input={source} ({len(names)}) lies in output={output}; give another output=.")
    if len(kept) == len(names):
        return names, ()
    return kept, (
        f"{len(names) - len(kept)} of {len(names)} pictures lie in output={output}, inside the input, and are left "
        "out: paintings are not painted again.",
    )
