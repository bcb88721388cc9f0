"""What stands around the code: the container, forms and workflows, and the map of the house."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import impasto
from tests.training import ROOT


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def test_the_map_of_the_house_has_every_package_and_no_other() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    drawn = re.search(r"```\n(conf/.*?)```", text, re.S)
    assert drawn is not None
    named = re.findall(r"^  (\w+)/ ", drawn[1], re.M)
    there = [path.parent.name for path in (ROOT / "src" / "impasto").glob("*/__init__.py")]
    assert sorted(named) == sorted(there)


def test_versions_agree() -> None:
    assert read("CITATION.cff")["version"] == impasto.__version__
    assert f"## {impasto.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    found = re.search(r"sed -n '(.*)' (\S+)\)", release)
    assert found is not None
    command = ["sed", "-n", found[1], found[2]]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told == f"{impasto.__version__}\n"


def test_workflows_are_allowed_what_they_need_alone() -> None:
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        flow = yaml.safe_load(path.read_text())
        assert flow["permissions"] == {"contents": "read"}, path.name
        for name, job in flow["jobs"].items():
            assert set(job.get("permissions", {})) <= {"contents", "id-token"}, f"{path.name}: {name}"
    publish = read(".github/workflows/release.yml")["jobs"]["publish"]
    assert publish["needs"] == "build"
    assert not [step for step in publish["steps"] if "checkout" in step.get("uses", "")], "nothing is built with rights"


@pytest.mark.parametrize("form", ["bug", "idea"])
def test_forms_have_what_github_asks_for(form: str) -> None:
    found = read(f".github/ISSUE_TEMPLATE/{form}.yml")
    assert {"name", "description", "body"} <= set(found)
    ids = [part["id"] for part in found["body"]]
    assert len(ids) == len(set(ids))
    for part in found["body"]:
        assert part["type"] in ("textarea", "input", "dropdown", "checkboxes", "markdown")
        assert part["attributes"]["label"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, without comments and with lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text().replace("\\\n", ""), flags=re.M)
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc]


def test_the_container_is_not_root_and_copies_what_is_there() -> None:
    found = instructions()
    last = max(place for place, (word, _) in enumerate(found) if word == "FROM")
    users = [value for word, value in found[last:] if word == "USER"]
    assert users
    assert all(user.isdecimal() and int(user) > 0 for user in users)
    entry = next(place for place, (word, _) in enumerate(found) if word == "ENTRYPOINT")
    assert found[entry][1] == '["impasto"]'
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    for word, value in found[:last]:
        for name in value.split()[:-1] if word == "COPY" else ():
            assert (ROOT / name).exists(), name
            assert f"!{name}" in ignored, name
    assert {value.partition("=")[0] for word, value in found if word == "ARG"} == {"PYTHON", "DEVICE", "EXTRAS"}


def test_the_dockerfile_is_linted() -> None:
    program = shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([program, str(Path(ROOT, "Dockerfile"))], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
