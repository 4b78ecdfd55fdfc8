"""Packages of others that add kinds of store: found by their entry points, loaded only when a person has switched them on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from store_adapters.kinds import StoreKind
from store_adapters.known_kinds import register

STORES = "session_inspector.stores"
"""The entry point group whose entries name a `StoreKind`."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A package that was loaded, or why it was not. `name` and `version` are the package's, `adds` the label of its kind."""

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
    """Load every installed package of the group. Runs their code; one that fails is told and stops no other."""
    from importlib.metadata import entry_points  # slow to import, and most never need it

    found = []
    for entry in sorted(entry_points(group=STORES), key=lambda one: one.name):
        package = entry.dist
        name, version = (package.name, package.version) if package is not None else (entry.name, "")
        found.append(_load(name, version, entry.load))
    return tuple(found)


def _load(name: str, version: str, load: Callable[[], object]) -> Plugin:
    try:
        kind = load()
        if not isinstance(kind, StoreKind):
            return Plugin(name, version, trouble="Its entry point doesn't name a kind of store.")
        register(kind)
    except ValueError as error:
        return Plugin(name, version, trouble=str(error))
    except Exception as error:
        # Whatever the code of a stranger raises; its text may quote anything, so only the class is told.
        return Plugin(name, version, trouble=f"It raised {type(error).__name__}.")
    return Plugin(name, version, kind.label)
