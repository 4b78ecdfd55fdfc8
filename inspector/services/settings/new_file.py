"""A file that is there whole or not at all: written as a sibling of mode 0600, flushed, then renamed; knows no content."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from store_adapters.portability import NEW_FILE, flush_folder


@contextmanager
def open_new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file which takes the place of `path` at the end; after an exception nothing has changed. `OSError`."""
    fresh = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, NEW_FILE, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 18) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    # So that the new name outlives a power cut.
    flush_folder(path.parent)
