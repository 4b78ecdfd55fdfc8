"""A kind of store is a value: nothing above the adapters asks for one by its name, or imports its adapter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from store_adapters.known_kinds import known_kinds
from tests.servers import ROOT

NAMES = {kind.name for kind in known_kinds()} | {scheme.name for kind in known_kinds() for scheme in kind.schemes}
STORE_CLASS = re.compile(r"Store\b")
WORDS = {"file", "memory"}
"""A single one of these as a key names something else: a member of an answer in JSON."""
MODULES = [path for path in sorted((ROOT / "inspector").rglob("*.py")) if "frameworks" not in path.parts]


def questions(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the lines that compare with a name of a kind or scheme, choose by one, or ask for a store's class."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                if names := [text for one in (left, *others) for text in texts_of(one) if text in NAMES]:
                    yield node.lineno, f"compares with {names[0]}"
            case ast.MatchValue(value=ast.Constant(value=str(text))) if text in NAMES:
                yield node.value.lineno, f"matches {text}"
            case ast.Dict(keys=keys):
                names = [text for key in keys if key is not None for text in texts_of(key) if text in NAMES]
                if set(names) - WORDS or len(names) > 1:
                    yield node.lineno, f"is a table with {names[0]}"
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kind]) if STORE_CLASS.search(ast.unparse(kind)):
                yield node.lineno, f"asks for {ast.unparse(kind)}"


def texts_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Tuple(elts=elements) | ast.Set(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from texts_of(element)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_module_asks_no_store_for_its_kind(path: Path) -> None:
    assert list(questions(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        'kind == "redis"',
        '"mongodb" != address.scheme',
        'kind in ("redis", "sqlite")',
        'match kind:\n    case "mongo":\n        pass',
        '{"file": 1, "mongo": 2}.get(kind)',
        "isinstance(store, RedisStore)",
    ],
)
def test_question_for_a_kind_is_seen(code: str) -> None:
    assert len(list(questions(ast.parse(code)))) == 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_module_imports_no_adapter_of_one_kind(path: Path) -> None:
    names = {node.module or "" for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
    folders = tuple(f"store_adapters.{one.parent.name}." for one in (ROOT / "store_adapters").glob("*/kind.py"))
    assert len(folders) > 3
    assert [name for name in names if name.startswith((*folders, "store_adapters.memory_"))] == []
