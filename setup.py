"""What pyproject.toml cannot say: conf/ and the commands go into the wheel, and archives are the same each time.

In a checkout conf/ lies beside src/, and src/train.py is what people run. A wheel has both inside the package, where
``../conf`` is seen from the commands as well: impasto/conf and impasto/commands.
"""

import gzip
import os
import shutil
import tarfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent
EPOCH = 315532800
"""1980-01-01, the first time that a zip file holds; where SOURCE_DATE_EPOCH is not set, everything is of that day."""
os.environ.setdefault("SOURCE_DATE_EPOCH", str(EPOCH))


class BuildWithCommands(build_py):
    """Copies conf/ (sweeps/ is a link in it) and src/*.py into the package; an editable installation has no need."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            for source, target in self.additions():
                self.mkpath(str(target.parent))
                shutil.copyfile(source, target)
            for path in map(Path, self.get_outputs(include_bytecode=False)):
                path.chmod(0o644)  # whatever the checkout's are

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """All files, for RECORD and for what uninstalls."""
        added = [] if self.editable_mode else [str(target) for _, target in self.additions()]
        return [*super().get_outputs(include_bytecode), *added]

    def additions(self) -> list[tuple[Path, Path]]:
        """Files and where they go."""
        package = Path(self.build_lib) / "impasto"
        found = [(path, package / "commands" / path.name) for path in sorted((ROOT / "src").glob("*.py"))]
        for folder, _, names in os.walk(ROOT / "conf", followlinks=True):
            files = [Path(folder, name) for name in names if name.endswith(".yaml")]
            found += [(path, package / path.relative_to(ROOT)) for path in files]
        return sorted(found)


class SameSdist(sdist):
    """Writes an archive whose bytes depend on its files alone."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):  # type: ignore
        """A .tar.gz, sorted, of one owner and one time."""
        when = int(os.environ["SOURCE_DATE_EPOCH"])

        def same(info: tarfile.TarInfo) -> tarfile.TarInfo:
            info.mtime, info.uid, info.gid, info.uname, info.gname = when, 0, 0, "", ""
            info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
            return info

        target = Path(f"{base_name}.tar.gz")
        with (
            target.open("wb") as file,
            gzip.GzipFile("", "wb", 9, file, when) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in sorted(Path(base_dir).rglob("*")):
                archive.add(path, recursive=False, filter=same)
        return str(target)


setup(cmdclass={"build_py": BuildWithCommands, "sdist": SameSdist})
