"""How long until the window lists 10,000 sessions of a real Redis, and how long its thread stood still meanwhile.

The measures to reach: a second, and no stall over 50 ms. Prints; asserts nothing, as machines differ.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer

from inspector.app import Launch, make_application, open_window
from inspector.services.profiles import Profile
from tests.servers import redis_binary, start_redis

SESSIONS = 10_000
LIST_BOUND_S, STALL_BOUND_MS = 1.0, 50
TIMEOUT_MS = 60_000


def fill(port: int) -> None:
    """Put sessions as an Express application makes them into the server."""
    import redis

    with redis.Redis(port=port) as client:
        pipeline = client.pipeline(transaction=False)
        for number in range(SESSIONS):
            record = {
                "cookie": {
                    "originalMaxAge": 86_400_000,
                    "expires": "2030-01-01T00:00:00.000Z",
                    "httpOnly": True,
                    "path": "/",
                },
                "user": {
                    "id": number,
                    "username": f"visitor{number}",
                    "role": "admin" if number % 50 == 0 else "customer",
                },
                "cart": [{"sku": f"A-{number % 97}", "quantity": 1 + number % 3}],
            }
            pipeline.set(f"sess:{number:032d}", json.dumps(record, separators=(",", ":")), ex=86_400)
        pipeline.execute()


def verdict(reached: float, bound: float) -> str:
    return "ok" if reached <= bound else "over"


def measure(url: str, folder: Path) -> tuple[float, float, int]:
    """Open the store in a window; return seconds until listed, the longest stall in ms, the rows shown."""
    make_application()
    window = open_window(Launch(), folder)
    window.show()
    loop = QEventLoop()
    beat = QElapsedTimer()
    stalls: list[float] = [0.0]

    def tick() -> None:
        stalls.append(beat.nsecsElapsed() / 1e6)
        beat.restart()

    heart = QTimer(interval=1)
    heart.timeout.connect(tick)
    begun = time.monotonic()

    def begin() -> None:
        nonlocal begun
        begun = time.monotonic()
        beat.start()
        heart.start()
        window.put_profile(Profile(id="bench", name="Bench", url=url), keep=False)
        look.start()

    def is_listed() -> bool:
        return (
            window.current is not None and window.current.profile.id == "bench" and window.current.progress.is_complete
        )

    look = QTimer(interval=1)
    look.timeout.connect(lambda: loop.quit() if is_listed() else None)
    QTimer.singleShot(1500, begin)
    QTimer.singleShot(TIMEOUT_MS, loop.quit)
    loop.exec()
    took = time.monotonic() - begun
    rows = len(window.current.catalogue or ()) if window.current is not None else 0
    heart.stop()
    window.close()
    return took, max(stalls), rows


def main() -> int:
    """Fill a Redis of our own, then open it."""
    binary = redis_binary()
    if binary is None:
        print("redis-server is not installed", file=sys.stderr)
        return 1
    folder = tempfile.mkdtemp()
    server = start_redis(binary, folder)
    try:
        fill(server.port)
        took, stall, rows = measure(f"{server.url}/0?prefix=sess:", Path(folder) / "home")
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{rows} sessions of Redis listed in {took:.2f} s; bound {LIST_BOUND_S} s: {verdict(took, LIST_BOUND_S)}")
    print(f"longest stall  {stall:.0f} ms; bound {STALL_BOUND_MS} ms: {verdict(stall, STALL_BOUND_MS)}")
    return 0 if rows == SESSIONS else 1


if __name__ == "__main__":
    sys.exit(main())
