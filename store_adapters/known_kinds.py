"""The one list of the kinds of store, and finding one in it; `register` adds a kind that somebody else wrote."""

from __future__ import annotations

from collections.abc import Iterable

from store_adapters.kinds import Scheme, StoreKind

_KINDS: list[StoreKind] = []  # the built-in ones are registered by `store_adapters/__init__.py`


def known_kinds() -> tuple[StoreKind, ...]:
    """Return all kinds, in the order in which they are offered."""
    return tuple(_KINDS)


def register(kind: StoreKind) -> None:
    """Add a kind; the same one twice is added once. `ValueError` when its name or a scheme is taken."""
    if kind in _KINDS:
        return
    taken = (
        {one.name for one in _KINDS} | set(scheme_names()) | {alias for one in _KINDS for alias in one.scheme_aliases}
    )
    wanted = {kind.name, *(scheme.name for scheme in kind.schemes), *kind.scheme_aliases}
    if both := sorted(taken & wanted):
        raise ValueError(f"There is a kind of store with the name {both[0]} already.")
    _KINDS.append(kind)


def forget(kind: StoreKind) -> None:
    """Take a kind out again that was registered."""
    _KINDS.remove(kind)


def kind_named(name: str) -> StoreKind | None:
    """Return the kind of that name, None where there is none."""
    return next((kind for kind in _KINDS if kind.name == name), None)


def scheme_names() -> tuple[str, ...]:
    """Return the names of all schemes, sorted."""
    return tuple(sorted(scheme.name for kind in _KINDS for scheme in kind.schemes))


def spelled_scheme(name: str) -> str:
    """Return the scheme that is meant by a spelling of it."""
    return next((kind.scheme_aliases[name] for kind in _KINDS if name in kind.scheme_aliases), name)


def find_scheme(name: str) -> Scheme | None:
    """Return the scheme of that name, None where there is none."""
    return next((scheme for kind in _KINDS for scheme in kind.schemes if scheme.name == name), None)


def scheme_named(name: str) -> Scheme:
    """Return the scheme of an address that was parsed."""
    found = find_scheme(name)
    if found is None:
        raise LookupError(f"no kind of store has the scheme {name}")
    return found


def kind_of_scheme(name: str) -> StoreKind:
    """Return the kind of store to which the scheme of a parsed address belongs."""
    return next(kind for kind in _KINDS if any(scheme.name == name for scheme in kind.schemes))


def unused_options(options: Iterable[str]) -> tuple[str, ...]:
    """Return those of the names that change nothing here, whatever the store."""
    return tuple(sorted(name for name in options if any(name in kind.unused_options for kind in _KINDS)))
