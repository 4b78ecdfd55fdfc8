"""What a second program in the same folder may do to a write that is under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from store_adapters.files import folder, open_file
from store_adapters.files.folder import Folder


def test_a_temporary_file_that_was_swept_before_it_was_locked_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_bytes(b"old")
    swept: list[int] = []
    mine, other = Folder(str(tmp_path)), Folder(str(tmp_path))
    really_locked = open_file.locked

    def locked_late(fd: int) -> object:
        if not swept and list(tmp_path.glob(".*.inspector-tmp")):
            swept.append(0)  # the sweep locks as well
            swept[0] = other.sweep()
        return really_locked(fd)

    monkeypatch.setattr(folder, "locked", locked_late)

    mine.replace(b"a.json", b"old", b"new")

    assert swept == [1]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.json", b"new")]
