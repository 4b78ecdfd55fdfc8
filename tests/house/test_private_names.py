"""Tests ask the public side: what they reach into, nobody can change. What breaks the wire or a driver from inside is named here."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.servers import ROOT

_OTHERS = frozenset(("_exit", "_current_frames", "_sigsegv", "_actions", "_SubParsersAction"))
"""Of Python's own library."""
_INSIDE = {
    # A listing beside the driver's own: what is measured against is read as the driver keeps it.
    "tests/bench/bench_mysql.py": frozenset(("_result", "_rfile")),
    # Faults that only the inside can have: a socket that fails, a system call that is missing, a clock that jumps.
    "tests/faults/files/test_file_faults.py": frozenset(("_renameat2", "_flush")),
    "tests/faults/redis/test_connecting.py": frozenset(("_link",)),
    "tests/faults/redis/test_races.py": frozenset(("_link",)),
    "tests/faults/redis/test_rights.py": frozenset(("_link", "_writer", "_forbidden")),
    "tests/faults/redis/test_saving.py": frozenset(("_writer", "_clock", "_offset_us", "_connect", "_socket")),
    "tests/store_adapters/redis/test_bulk.py": frozenset(("_send",)),
}


def reached_into(path: Path) -> set[str]:
    """Return the private names of other objects and modules that a test file uses; its own classes' are its own."""
    tree = ast.parse(path.read_text())
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            own.add(node.attr)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("inspector", "store_adapters")):
            found |= {name.name for name in node.names}
    return {name for name in found - own if name.startswith("_") and not name.startswith("__")}


def test_no_test_reaches_into_private_names() -> None:
    paths = [path for path in sorted((ROOT / "tests").rglob("*.py")) if "node_modules" not in path.parts]
    assert len(paths) > 300
    found: dict[str, set[str]] = {}
    for path in paths:
        name = str(path.relative_to(ROOT))
        if rest := reached_into(path) - _OTHERS - _INSIDE.get(name, frozenset()):
            found[name] = rest
    assert found == {}
