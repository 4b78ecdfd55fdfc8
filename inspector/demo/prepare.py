"""The demo of the first start: a folder of session files which real requests have made."""

from __future__ import annotations

from pathlib import Path

from inspector.core.secret import Secret
from inspector.demo.demo_secret import DEMO_SECRET
from store_adapters.contract import CancelToken
from store_adapters.options import StoreAddress
from store_adapters.registry import format_address

_LIFETIMES_MS = ((20, 86_400_000), (5, 2_700_000), (3, 10_800_000))


_FOLDER = "demo-sessions"


def choose_demo_folder(configuration: Path, data: Path) -> Path:
    """Return where the demo keeps its files: below `data`, unless an earlier version has made them below `configuration`."""
    return configuration if (configuration / _FOLDER).is_dir() else data


def demo_store_url(folder: Path) -> str:
    """Return the store URL of the demo's session files below the program's data folder."""
    return format_address(StoreAddress("file", path=str(folder / _FOLDER)))


def prepare_demo(folder: Path) -> str:
    """Fill the demo's store with some visitors if it is not there yet; return its URL. `OSError`, `StoreError`."""
    sessions = folder / _FOLDER
    url = demo_store_url(folder)
    if sessions.is_dir() and any(sessions.iterdir()):
        return url
    # The server and its HTTP are for the very first start: every other one asks only whether the demo is there.
    from inspector.demo.express_session import SessionOptions
    from inspector.demo.server import DemoServer, DemoSettings
    from inspector.demo.session_cookie import CookieOptions
    from inspector.demo.traffic import generate_visitors

    sessions.mkdir(parents=True, exist_ok=True, mode=0o700)
    for seed, (count, max_age_ms) in enumerate(_LIFETIMES_MS):
        options = SessionOptions(
            (Secret.from_text(DEMO_SECRET, "demo"),), cookie=CookieOptions(max_age_ms=max_age_ms, same_site="lax")
        )
        server = DemoServer(DemoSettings(url, port=0, session=options))
        server.start()
        try:
            generate_visitors(server.url, count, CancelToken(), seed=seed)
        finally:
            server.stop()
    return url
