"""WikiArt: streamed from the Hub, from a folder copy, or the embedded paintings in its place."""

from pathlib import PurePosixPath
from typing import Final

from impasto.base.errors import UserError
from impasto.base.reachability import reachable
from impasto.data.sources.folder import FolderSource
from impasto.data.sources.hub import HUB, HubSource
from impasto.data.sources.opening import SAMPLES, ManifestSource, Pictures, SourceName, check_label, choose_origin

LABELS: Final = ("auto", "style", "genre", "artist")


def open_wikiart(
    source: SourceName = "auto",
    root: str | None = None,
    label: str | None = "auto",
    *,
    repository: str = "huggan/wikiart",
    config: str | None = None,
    split: str = "train",
    revision: str | None = None,
) -> Pictures:
    """Open WikiArt.

    Args:
        source: auto, hub, local or sample.
        root: a folder copy laid out as ``<Style>/<artist>_<title>.jpg``.
        label: style, genre, artist or none; ``auto`` is genre, or style in a folder copy, which knows no genres.
        repository: data set on the Hub, or a folder of parquet files, with columns image, style, genre and artist.
        config: of the repository; None takes its default.
        split: of the repository.
        revision: of the repository, a commit or branch; None takes its main branch.

    Raises:
        UserError: it cannot be opened with these settings.
    """
    label = check_label(label, LABELS)
    origin = choose_origin("wikiart", source, root, online=lambda: reachable(HUB))
    if origin == "local":
        assert root is not None
        return open_copy(root, label)
    label = "genre" if label == "auto" else label
    if origin == "hub":
        found = HubSource(repository, label, config=config, split=split, revision=revision)
        return Pictures("wikiart", found, label=label)
    paintings = ManifestSource(SAMPLES / "paintings", label)
    return Pictures(f"wikiart (embedded sample of {paintings.length} paintings)", paintings, label=label)


def open_copy(root: str, label: str | None) -> Pictures:
    """A folder copy, ``<Style>/<artist>_<title>.jpg``, at any depth below ``root``.

    Raises:
        UserError: the label cannot be told from names, or a name does not have it.
    """
    if label == "genre":
        raise UserError(
            "A folder copy of WikiArt says style and artist in its names, but no genre: "
            "use data.label=style or data.label=artist, or data.source=hub."
        )
    if label is None:
        return Pictures("wikiart (folder copy)", FolderSource(root, labels="none"))
    label = "style" if label == "auto" else label
    by_label = {"style": style_of, "artist": artist_of}[label]
    return Pictures("wikiart (folder copy)", FolderSource(root, class_of=by_label), label=label)


def style_of(path: str) -> str:
    """``Cubism/pablo-picasso_guernica.jpg`` -> ``Cubism``.

    Raises:
        UserError: the picture lies in no folder.
    """
    style = PurePosixPath(path).parent.name
    if not style:
        raise UserError(
            f"{path} lies in no folder that names its style (<Style>/<artist>_<title>.jpg): "
            "move it into one, or train with data=image_folder."
        )
    return style


def artist_of(path: str) -> str:
    """``Cubism/pablo-picasso_guernica.jpg`` -> ``pablo-picasso``.

    Raises:
        UserError: the name has no artist.
    """
    artist, underscore, _ = PurePosixPath(path).name.partition("_")
    if not (artist and underscore):
        raise UserError(f"{path} has no artist in its name (<artist>_<title>.jpg): rename it, or use data.label=style.")
    return artist
