import os
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.base.errors import UserError
from impasto.base.notices import forget_notices, notices
from impasto.data.sources import folder as folder_module
from impasto.data.sources.folder import FolderSource

PNG = b"\x89PNG\r\n\x1a\n"


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(PNG)
    return root


def names(source: FolderSource) -> list[str]:
    return [item.name for item in source.items()]


def test_folder_per_class(tmp_path: Path) -> None:
    source = FolderSource(touch(tmp_path, "b/2.png", "b/1.jpg", "a/deep/er/3.JPEG", "a/4.webp"))
    assert source.class_names == ("a", "b")
    assert source.length == 4
    assert [(item.name, item.label) for item in source.items()] == [
        ("a/4.webp", 0),
        ("a/deep/er/3.JPEG", 0),
        ("b/1.jpg", 1),
        ("b/2.png", 1),
    ]
    assert [item.load for item in source.items(2)] == [tmp_path / "b/1.jpg", tmp_path / "b/2.png"]
    assert list(source.items(4)) == []


def test_flat_folder_is_unlabelled(tmp_path: Path) -> None:
    source = FolderSource(touch(tmp_path, "b.png", "a.png"))
    assert source.class_names == ()
    assert [(item.name, item.label) for item in source.items()] == [("a.png", -1), ("b.png", -1)]
    assert FolderSource(touch(tmp_path / "x", "only/b.png")).class_names == ()  # one class tells nothing


def test_loose_pictures_beside_folders(tmp_path: Path) -> None:
    forget_notices()
    touch(tmp_path, "a/1.png", "b/1.png", "cover.png")
    assert FolderSource(tmp_path).class_names == ()
    assert "move those pictures" in notices()["data.labels"]
    with pytest.raises(UserError, match=r"There are pictures \(1\) directly in"):
        _ = FolderSource(tmp_path, labels="folders").class_names
    assert FolderSource(tmp_path, labels="none").class_names == ()


def test_class_by_name(tmp_path: Path) -> None:
    touch(
        tmp_path, "Cubism/pablo-picasso_guernica.jpg", "Fauvism/henri-matisse_dance.jpg", "Fauvism/pablo-picasso_x.jpg"
    )
    source = FolderSource(tmp_path, class_of=lambda name: name.split("/")[-1].split("_")[0])
    assert source.class_names == ("henri-matisse", "pablo-picasso")
    assert [item.label for item in source.items()] == [1, 0, 1]


def test_link_loops_end_and_nothing_comes_twice(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "a/1.png", "b/2.png")
    touch(tmp_path, "outside/3.png", "beside.png")
    (root / "a/up").symlink_to(root)
    (root / "a/self").symlink_to(".")
    (root / "A-link-to-b").symlink_to("b")  # sorts before b, but b is its real name
    (root / "parent").symlink_to("..")
    (root / "c").symlink_to(tmp_path / "outside")
    (root / "d").symlink_to(tmp_path / "outside")
    (tmp_path / "outside/back").symlink_to(root)
    (root / "loop.png").symlink_to("loop.png")
    (root / "nowhere.png").symlink_to("missing.png")
    (root / "b/linked.png").symlink_to(tmp_path / "beside.png")
    assert names(FolderSource(root)) == ["a/1.png", "b/2.png", "b/linked.png", "c/3.png", "loop.png", "nowhere.png"]


def test_what_counts_as_a_picture(tmp_path: Path) -> None:
    touch(tmp_path, "yes.PNG", "no.txt", ".hidden.png", ".hidden/x.png", "no_ending", "J. Doe. Portrait", "phone.HEIC")
    (tmp_path / "read me").write_text("not a picture")
    os.mkfifo(tmp_path / "pipe")
    assert names(FolderSource(tmp_path)) == ["J. Doe. Portrait", "no_ending", "phone.HEIC", "yes.PNG"]


def test_what_programs_leave_behind_is_no_class_and_counted(tmp_path: Path) -> None:
    forget_notices()
    touch(tmp_path, "cat/1.png", "dog/2.png", "@eaDir/cat/1.png/SYNOPHOTO_THUMB.jpg", "$RECYCLE.BIN/S-1/3.png")
    touch(tmp_path, "cat/@eaDir/1.png", "__MACOSX/cat/._1.png", "dog/._2.png", "dog/._1.png", "lost+found/4.png")
    touch(
        tmp_path,
        ".Trash-1000/files/5.png",
        "dog/thumbs.DB",
        ".ipynb_checkpoints/6.png",
        "System Volume Information/a.png",
    )
    source = FolderSource(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert names(source) == ["cat/1.png", "dog/2.png"]
    said = notices()[f"data.leftovers.{tmp_path}"]
    assert said.startswith("11 files and folders")
    assert "2 x @eaDir, 2 x ._*" in said


def test_names_in_any_letters(tmp_path: Path) -> None:
    strange = ["Ünï/é.png", "日本/絵 1.png", "with\nnewline/a.png", 'quo"te/\\.png']
    strange.append(os.fsdecode(b"raw\xff/b\xfe.png"))
    touch(tmp_path, *strange)
    source = FolderSource(tmp_path)
    assert sorted(names(source)) == sorted(strange)
    assert source.class_names == ('quo"te', r"raw\xff", "with\nnewline", "Ünï", "日本")
    for item in source.items():
        assert item.load.read_bytes() == PNG


def test_fingerprint_changes_with_the_files_alone(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "a/2.png")
    before = FolderSource(tmp_path).fingerprint()
    assert FolderSource(tmp_path).fingerprint() == before
    moved = tmp_path.with_name("moved")
    tmp_path.rename(moved)
    assert FolderSource(moved).fingerprint() == before  # where the folder lies does not matter
    os.utime(moved / "a/1.png", ns=(1, 1))
    touched = FolderSource(moved).fingerprint()
    (moved / "a/2.png").rename(moved / "a/3.png")
    renamed = FolderSource(moved).fingerprint()
    assert len({before, touched, renamed}) == 3


def test_order_and_fingerprint_do_not_depend_on_the_sorting_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, *(f"{i % 3}/{i * 37 % 100:02}.png" for i in range(50)))
    whole = FolderSource(tmp_path)
    monkeypatch.setattr(folder_module, "_RUN", 7)
    parts = FolderSource(tmp_path)
    assert names(parts) == names(whole) == sorted(names(whole))
    assert parts.fingerprint() == whole.fingerprint()


def test_two_readers_at_once(tmp_path: Path) -> None:
    source = FolderSource(touch(tmp_path, *(f"{i:04}.png" for i in range(2000))))
    one, other = source.items(), source.items(1000)
    pairs = list(zip(one, other, strict=False))
    assert [(a.name, b.name) for a, b in pairs] == [(f"{i:04}.png", f"{i + 1000:04}.png") for i in range(1000)]


def test_unreadable_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.png", "b/2.png")
    scandir = os.scandir

    def refuse(path: Path) -> object:  # root may read anything
        if path.name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert names(FolderSource(tmp_path)) == ["a/1.png", "b/"]


@pytest.mark.parametrize("made", ["missing", "file", "empty", "texts"])
def test_nothing_to_read(tmp_path: Path, made: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "texts/1.txt", "texts/2.txt")
    reasons = {"missing": "does not exist", "file": "is not a folder", "empty": "no pictures", "texts": "only 2 x .txt"}
    with pytest.raises(UserError, match=reasons[made]):
        _ = FolderSource(tmp_path / made).length


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    """30,000 paths take some 5 MB as Python objects; sorted in parts of 1,000 they take next to none."""
    for i in range(30_000):
        os.close(os.open(tmp_path / f"{i}-{'x' * 40}.png", os.O_CREAT | os.O_WRONLY))
    code = """
import resource, sys
from impasto.data.sources import folder
folder._RUN = 1000
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
source = folder.FolderSource(sys.argv[1])
before = peak()
count = sum(1 for _ in source.items())
print(count, peak() - before)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "src"})
    count, grown = map(int, run.stdout.split())
    assert count == 30_000
    assert grown * 1024 < 4e6
