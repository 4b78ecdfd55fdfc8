"""No widget shows text in a way that guesses rich text, and no override of a Qt method lets an exception out: read from the source."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6 import QtCore, QtGui, QtWidgets

ROOT = Path(__file__).resolve().parent.parent.parent
UI = ROOT / "inspector" / "ui"
FILES = [*sorted(UI.rglob("*.py")), ROOT / "inspector" / "app.py", ROOT / "inspector" / "tour.py"]
PLAIN = UI / "base" / "plain.py"
CLASSES = {
    "QLabel", "QMessageBox", "QToolTip", "QInputDialog", "QErrorMessage", "QProgressDialog", "QTextBrowser", "QWizard",
    "QWizardPage", "QWhatsThis", "QSplashScreen", "QStaticText",
}  # fmt: skip
METHODS = {"setHtml", "setMarkdown", "appendHtml", "insertHtml", "setWhatsThis", "drawStaticText", "insertRow"}
# Only their inner classes are used: the marks of an editor.
INNER = {"QTextEdit"}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def rich_text(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, what) for whatever could show a text as rich text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, one.name) for one in node.names if one.name in CLASSES)
        if isinstance(node, ast.Attribute) and node.attr in CLASSES:
            yield node.lineno, node.attr
        if not isinstance(node, ast.Call):
            continue
        called, first = _name(node.func), node.args[0] if node.args else None
        if called in METHODS or called in INNER:
            yield node.lineno, called
        if called == "setToolTip" and not (isinstance(node.args[-1], ast.Constant) or _is_plain_tip(node.args[-1])):
            yield node.lineno, "setToolTip of a text that is not plain_tip(…)"
        if called == "addRow" and len(node.args) == 2 and not isinstance(first, ast.Call):
            yield node.lineno, "addRow with a text: use plain.add_row"


def _is_plain_tip(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "plain_tip"


@pytest.mark.parametrize("path", [path for path in FILES if path != PLAIN], ids=lambda path: path.stem)
def test_stored_text_gets_onto_the_screen_through_one_module(path: Path) -> None:
    assert list(rich_text(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    [
        "from PySide6.QtWidgets import QLabel",
        "QtWidgets.QMessageBox.warning(None, '', text)",
        "button.setToolTip(text)",
        "item.setToolTip(0, text)",
        "form.addRow(words, field)",
        "form.addRow('Name', field)",
        "QTextEdit(text)",
        "edit.setHtml(text)",
        "label.setWhatsThis(text)",
    ],
)
def test_the_rule_sees_what_it_is_for(source: str) -> None:
    assert list(rich_text(ast.parse(source)))


def test_tips_of_models_are_plain() -> None:
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            branch: list[ast.stmt] = []
            if isinstance(node, ast.match_case) and "ToolTipRole" in ast.dump(node.pattern):
                branch = node.body
            if isinstance(node, ast.If) and "ToolTipRole" in ast.dump(node.test):
                branch = node.body
            for inner in branch:
                returns = [one for one in ast.walk(inner) if isinstance(one, ast.Return) and one.value is not None]
                found += [(path.stem, one.lineno, _is_plain_tip(one.value)) for one in returns if one.value is not None]
    assert len(found) >= 3
    assert [place for place in found if not place[2]] == []


def _qt_virtuals() -> dict[str, set[str]]:
    """Return each Qt class with the names of its and its bases' methods."""
    classes = {}
    for module in (QtCore, QtGui, QtWidgets):
        for name, made in inspect.getmembers(module, inspect.isclass):
            classes[name] = {member for member in dir(made) if not member.startswith("_")}
    return classes


def bare_overrides(tree: ast.Module, ours: dict[str, set[str]]) -> Iterator[tuple[int, str]]:
    """Yield (line, Class.method) for overrides of Qt methods without `qt_guard`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        inherited = set().union(*(ours.get(_name(base), set()) for base in node.bases))
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name in inherited:
                guards = {_name(one.func) for one in method.decorator_list if isinstance(one, ast.Call)}
                if "qt_guard" not in guards:
                    yield method.lineno, f"{node.name}.{method.name}"


def _classes() -> dict[str, set[str]]:
    known = _qt_virtuals()
    for _round in range(4):  # our own classes stand for the Qt class they come from
        for path in FILES:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    above = set().union(*(known.get(_name(base), set()) for base in node.bases))
                    if above:
                        known[node.name] = above
    return known


def test_every_override_of_a_qt_method_is_guarded() -> None:
    known = _classes()
    bare = [(path.name, *found) for path in FILES for found in bare_overrides(ast.parse(path.read_text()), known)]
    assert bare == []


def test_the_rule_sees_an_override_without_a_guard() -> None:
    source = "class Mine(QWidget):\n    def paintEvent(self, event): ...\n    def own(self): ..."
    assert list(bare_overrides(ast.parse(source), _qt_virtuals())) == [(2, "Mine.paintEvent")]
