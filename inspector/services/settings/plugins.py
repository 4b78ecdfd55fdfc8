"""Packages of others that add kinds of store and frameworks: found by entry points, loaded only when a person switched them on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inspector.frameworks import PLUGINS as FRAMEWORKS
from inspector.frameworks import add_plugin
from store_adapters.kinds import StoreKind
from store_adapters.known_kinds import register

STORES = "session_inspector.stores"
"""The entry point group whose entries name a `StoreKind`."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A package that was loaded, or why it was not. `name` and `version` are the package's, `adds` the label of what it adds."""

    name: str
    version: str
    adds: str = ""
    trouble: str = ""

    @property
    def words(self) -> str:
        """One line for people."""
        package = f"{self.name} {self.version}".strip()
        return f"{package}: not loaded. {self.trouble}" if self.trouble else f"{package} ({self.adds})"


def load_plugins() -> tuple[Plugin, ...]:
    """Load every installed package of the groups. Runs their code; one that fails is told and stops no other."""
    from importlib.metadata import entry_points  # slow to import, and most never need it

    found = []
    for group, add in _ADDERS.items():
        for entry in sorted(entry_points(group=group), key=lambda one: one.name):
            package = entry.dist
            name, version = (package.name, package.version) if package is not None else (entry.name, "")
            found.append(_load(name, version, entry.load, add))
    return tuple(found)


def _add_kind(found: object) -> str:
    if not isinstance(found, StoreKind):
        raise ValueError("Its entry point doesn't name a kind of store.")
    register(found)
    return found.label


_ADDERS: dict[str, Callable[[object], str]] = {STORES: _add_kind, FRAMEWORKS: add_plugin}
"""What each group's entries name, added; returns its label. `ValueError` for what cannot be added."""


def _load(name: str, version: str, load: Callable[[], object], add: Callable[[object], str]) -> Plugin:
    try:
        return Plugin(name, version, add(load()))
    except ValueError as error:
        return Plugin(name, version, trouble=str(error))
    except Exception as error:
        # Whatever the code of a stranger raises; its text may quote anything, so only the class is told.
        return Plugin(name, version, trouble=f"It raised {type(error).__name__}.")
