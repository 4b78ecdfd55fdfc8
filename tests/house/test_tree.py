"""What holds for every tracked file: no address of a registry, no path of a machine, no file too long to read."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MAX_LINES = 400
# A longer file needs a reason. What tools or other people's programs wrote is not read from top to bottom.
LONG_FILES = {
    "requirements.lock.txt": "written by `make lock`",
}
LONG_FOLDERS = {"tests/golden/": "records of real programs", "packaging/licences/": "texts of others, word for word"}
NODE_LOCKS = sorted((ROOT / "tests" / "interop").glob("*/package-lock.json"))  # written by npm

# Put together here, so that this file names none itself.
REGISTRY_HOSTS = [
    ".".join(words)
    for words in [
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("deb", "debian", "org"), ("nodesource", "com"), ("crates", "io"),
    ]
]  # fmt: skip
MACHINE_PATH = re.compile("(?<![\\w.$}])/(?:" + "|".join(["work", "root", "home", "Users", "opt/pypi"]) + ")/[\\w.-]")
INDEX_OPTION = re.compile(r"--(extra-)?index-url|--find-links[ =]\S|^registry *=|\"resolved\":", re.MULTILINE)


def tracked_files() -> list[str]:
    """Return every tracked path that is there; skip where this is no clone (a source archive)."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def tracked_texts() -> Iterator[tuple[str, str]]:
    for name in tracked_files():
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_tracked_file_names_a_registry_host() -> None:
    found = [(name, host) for name, text in tracked_texts() for host in REGISTRY_HOSTS if host in text]
    assert found == []


def test_no_tracked_file_sets_where_packages_come_from() -> None:
    found = [(name, match[0]) for name, text in tracked_texts() if (match := INDEX_OPTION.search(text))]
    assert [entry for entry in found if entry[0] != "tests/house/test_tree.py"] == []


def test_no_tracked_file_holds_a_path_of_somebodys_machine() -> None:
    found = [(name, match[0]) for name, text in tracked_texts() if (match := MACHINE_PATH.search(text))]
    assert found == []


def test_lock_has_a_hash_for_every_requirement() -> None:
    entries = re.split(r"\n(?=[a-z])", (ROOT / "requirements.lock.txt").read_text())
    requirements = [entry for entry in entries if "==" in entry]
    assert len(requirements) > 30
    assert [entry.split("==")[0] for entry in requirements if "--hash=sha256:" not in entry] == []


def test_lock_keeps_pyside_below_the_version_that_loses_references() -> None:
    found = re.search(r"^pyside6-essentials==6\.(\d+)\.", (ROOT / "requirements.lock.txt").read_text(), re.MULTILINE)
    assert found is not None
    assert int(found[1]) < 12


@pytest.mark.parametrize("path", NODE_LOCKS, ids=lambda path: path.parent.name)
def test_node_lock_names_no_address(path: Path) -> None:
    packages = json.loads(path.read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_every_long_file_has_a_reason_to_be_long() -> None:
    allowed = (*LONG_FILES, *LONG_FOLDERS)
    long = [(name, count) for name, text in tracked_texts() if (count := text.count("\n")) > MAX_LINES]
    locks = {path.relative_to(ROOT).as_posix() for path in NODE_LOCKS}
    assert [entry for entry in long if not entry[0].startswith(allowed) and entry[0] not in locks] == []


def test_every_module_says_what_it_is_for() -> None:
    modules = [name for name in tracked_files() if name.endswith(".py") and (ROOT / name).stat().st_size]
    assert [name for name in modules if not (ROOT / name).read_text().startswith(('"""', "#!"))] == []


@pytest.mark.parametrize(
    "name",
    [".ci/run", *sorted(f"packaging/{path.name}" for path in (ROOT / "packaging").glob("*.sh"))],
)
def test_script_is_executable(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_ci_runs_the_linters_and_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "make lint" in script
    assert "make test" in script
    assert "CI=true" in script
