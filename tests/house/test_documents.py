"""The documents name files that are there."""

from __future__ import annotations

import re

import pytest

from tests.house.test_tree import ROOT, tracked_files

NAMED = re.compile(r"`([\w./-]+\.(?:py|sh|qss|md))`")
# What the changelog says of a file may be about one that went.
DOCUMENTS = [name for name in tracked_files() if name.endswith(".md") and name != "CHANGELOG.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_a_document_names_is_there(document: str) -> None:
    there = tuple(f"/{name}" for name in tracked_files())
    named = set(NAMED.findall((ROOT / document).read_text()))
    assert sorted(name for name in named if not any(path.endswith(f"/{name}") for path in there)) == []
