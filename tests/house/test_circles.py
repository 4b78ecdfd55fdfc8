"""Modules that import each other in a circle, measured from the code: imports for types and inside functions count too."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.house.test_tree import ROOT, tracked_files

PROGRAM = ("inspector", "store_adapters")
MOST_MODULES = 20

Graph = Mapping[str, set[str]]


def read_imports(root: Path, tops: tuple[str, ...]) -> dict[str, set[str]]:
    """Return which modules of the program each module of it imports, anywhere in its text."""
    paths = {name_of(path.relative_to(root)): path for top in tops for path in (root / top).rglob("*.py")}
    return {name: imports_of(name, path, set(paths)) for name, path in paths.items()}


def name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(name: str, path: Path, known: set[str]) -> set[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            names = {f"{module}.{alias.name}" for alias in node.names}
            found.update({one if one in known else module for one in names})
    return (found & known) - {name}


def siblings_of(graph: Graph, package: str) -> dict[str, set[str]]:
    """Return what the modules and rooms right inside a package take from each other."""
    depth, children = package.count(".") + 2, dict[str, set[str]]()
    for name, imported in graph.items():
        if name.startswith(f"{package}."):
            child = ".".join(name.split(".")[:depth])
            inside = {".".join(other.split(".")[:depth]) for other in imported if other.startswith(f"{package}.")}
            children.setdefault(child, set()).update(inside - {child})
    return children


def circle_in(graph: Graph) -> list[str]:
    """Return one circle, [] where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def packages_of(graph: Graph) -> set[str]:
    return {name.rpartition(".")[0] for name in graph if "." in name}


@pytest.mark.parametrize(
    "text",
    [
        "from program.room.first import value",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from program.room import first",
        "def later() -> None:\n    import program.room.first",
        "from .first import value",
        "from . import first",
    ],
)
def test_a_circle_is_seen_however_it_is_imported(tmp_path: Path, text: str) -> None:
    room = tmp_path / "program" / "room"
    room.mkdir(parents=True)
    (room / "first.py").write_text("from program.room.second import other", encoding="utf-8")
    (room / "second.py").write_text(text, encoding="utf-8")
    assert {"program.room.first", "program.room.second"} <= set(circle_in(read_imports(tmp_path, ("program",))))


def test_a_circle_of_rooms_is_seen_where_no_two_modules_are_in_one(tmp_path: Path) -> None:
    for room, other in (("left", "right"), ("right", "left")):
        (tmp_path / "program" / room).mkdir(parents=True)
        (tmp_path / "program" / room / "values.py").write_text("", encoding="utf-8")
        (tmp_path / "program" / room / "user.py").write_text(f"import program.{other}.values", encoding="utf-8")
    graph = read_imports(tmp_path, ("program",))
    assert circle_in(graph) == []
    assert circle_in(siblings_of(graph, "program")) != []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = read_imports(ROOT, PROGRAM)
    assert len(graph) > 300
    assert circle_in(graph) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    graph = read_imports(ROOT, PROGRAM)
    found = {package: circle_in(siblings_of(graph, package)) for package in packages_of(graph)}
    assert {package: circle for package, circle in found.items() if circle} == {}


def test_no_folder_has_more_modules_than_can_be_looked_over() -> None:
    folders = Counter(
        Path(name).parent.as_posix()
        for name in tracked_files()
        if name.endswith(".py") and not name.endswith("/__init__.py")
    )
    assert {folder: number for folder, number in folders.items() if number > MOST_MODULES} == {}
