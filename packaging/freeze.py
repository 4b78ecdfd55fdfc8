"""Makes the folder build/dist/session-inspector, which runs without Python, and drives the frozen program once.

Knows nothing of what is inside: the walk through the main job is the program's own, and its pictures are the proof.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from frozen_licences import collect

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
FOLDER = BUILD / "dist" / "session-inspector"
TOUR = BUILD / "tour-frozen"
WALK_TIMEOUT_S = 180


def freeze() -> None:
    """Run PyInstaller; its own words are shown when it fails."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"]
    command += ["--distpath", str(BUILD / "dist"), "--workpath", str(BUILD / "pyinstaller")]
    subprocess.run([*command, str(ROOT / "packaging" / "session-inspector.spec")], check=True, cwd=ROOT)


def add_licences() -> list[str]:
    """Put the licences of everything that was frozen into the folder; return the parts that have none."""
    contents = json.loads((BUILD / "pyinstaller" / "session-inspector" / "contents.json").read_text())
    return collect(contents["modules"], map(Path, contents["files"]), FOLDER / "licences")


def drive() -> int:
    """Let the frozen program walk through its main job, away from this checkout; return how many pictures it made."""
    shutil.rmtree(TOUR, ignore_errors=True)
    TOUR.mkdir(parents=True)
    program = [str(FOLDER / "session-inspector"), "--tour", str(TOUR)]
    # Nothing of the environment that built it may help it to run.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    if shutil.which("xvfb-run"):
        program = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24", *program]
        environment["QT_QPA_PLATFORM"] = "xcb"
    else:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    subprocess.run(program, check=True, cwd="/", env=environment, timeout=WALK_TIMEOUT_S)
    return len(list(TOUR.glob("*.png")))


def size_mb(folder: Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> int:
    freeze()
    if any(FOLDER.rglob("numpy")):
        print("numpy was frozen too, which nothing here uses", file=sys.stderr)
        return 1
    if missing := add_licences():
        print(f"There is no licence to put beside these: {', '.join(missing)}", file=sys.stderr)
        return 1
    print(f"{FOLDER.relative_to(ROOT)}: {size_mb(FOLDER):.0f} MB; driving it once …", flush=True)
    pictures = drive()
    print(f"The frozen program made its walk: {pictures} pictures in {TOUR.relative_to(ROOT)}")
    return 0 if pictures else 1


if __name__ == "__main__":
    sys.exit(main())
