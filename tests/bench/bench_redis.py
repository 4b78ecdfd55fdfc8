"""The window reads all sessions of a Redis, beside a bare loop: time, first rows, stalls of the window's thread, memory.

The second time, the table is scrolled, a filter is typed, and sessions are opened meanwhile. Prints; asserts nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

from PySide6.QtCore import QEventLoop, QTimer

from inspector.app import Launch, make_application, open_window
from inspector.services.settings.profiles import Profile
from inspector.ui.base.interpreter_tuning import tune_interpreter
from inspector.ui.window.main_window import MainWindow
from tests.bench.heartbeat import Watch
from tests.bench.redis_sessions import filled_redis, read_all_bare
from tests.bench.report import SIZE, at_most, row, within

READ_BOUND, FIRST_BOUND_MS, P99_BOUND_MS, WORST_BOUND_MS, ROW_BOUND = 1.3, 100, 16, 50, 120
TIMEOUT_MS = 120_000
DEMO_ROWS = 50


class Busy:
    """What a person does while the list is read: scrolls all the time, types a filter, opens sessions."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._step = 0
        self._timer = QTimer(interval=50)
        self._timer.timeout.connect(self._act)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _act(self) -> None:
        page = self._window.sessions_page
        bar = page.table.verticalScrollBar()
        self._step += 1
        bar.setValue((bar.value() + 17) % max(1, bar.maximum()))
        typed = "user.role:admin"
        if self._step % 40 < len(typed):
            page.filter_edit.setText(typed[: self._step % 40])
        elif self._step % 40 == 30:
            page.filter_edit.clear()
        if self._step % 20 == 5 and page.model.rowCount() > 3:
            page.table.selectRow(self._step % 3)


def memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run_window(url: str, folder: Path, *, is_busy: bool) -> tuple[float, float, Watch, int, int]:
    """Open the store in a window; return seconds until listed, until the first 200 rows, the beats, bytes a row, rows."""
    make_application()
    window = open_window(Launch(), folder)
    window.resize(1280, 720)
    window.show()
    tune_interpreter(window)
    loop, watch, busy = QEventLoop(), Watch(), Busy(window)
    begun = first_s = 0.0
    before = 0

    def is_bench() -> bool:
        return window.current is not None and window.current.profile.id == "bench"

    def begin() -> None:
        nonlocal begun, before
        before = memory_bytes()
        watch.start()
        if is_busy:
            busy.start()
        begun = time.monotonic()
        window.put_profile(Profile(id="bench", name="Bench", url=url), keep=False)
        look.start()

    def look_again() -> None:
        nonlocal first_s
        if not is_bench() or window.current is None:
            return
        if not first_s and window.sessions_page.model.match_count >= min(200, SIZE):
            window.sessions_page.table.viewport().repaint()
            first_s = time.monotonic() - begun
        if window.current.progress.is_complete:
            loop.quit()

    look = QTimer(interval=1)
    look.timeout.connect(look_again)
    QTimer.singleShot(1500, begin)
    QTimer.singleShot(TIMEOUT_MS, loop.quit)
    loop.exec()
    took_s = time.monotonic() - begun
    busy.stop()
    QTimer.singleShot(1500, loop.quit)  # the last sorting
    loop.exec()
    watch.stop()
    catalogue = window.current.catalogue if window.current is not None else None
    rows = len(catalogue) if catalogue is not None else 0
    beside = memory_bytes() - before - (catalogue.columns.stored_bytes if catalogue is not None else 0)
    window.close()
    return took_s, first_s, watch, beside // max(1, rows), rows


def main() -> int:
    with filled_redis(SIZE) as server, tempfile.TemporaryDirectory() as folder:
        bare = [read_all_bare(server.port) for _ in range(2)]
        url = f"{server.url}/0?prefix=sess:"
        took_s, first_s, _calm, beside, rows = run_window(url, Path(folder), is_busy=False)
        bare += [read_all_bare(server.port)]
        busy_s, _first_s, watch, _beside, _rows = run_window(url, Path(folder), is_busy=True)
    if rows != SIZE:
        print(f"{rows} of {SIZE} sessions were listed", file=sys.stderr)
        return 1
    at_most(f"read {SIZE:,} of Redis into the window", took_s, min(bare)[0], "bare hiredis loop", READ_BOUND)
    row(
        "first 200 rows on screen", f"{first_s * 1000:.0f} ms", f"the loop's first 200 {min(one[1] for one in bare) * 1000:.0f} ms",
        None, f"at most {FIRST_BOUND_MS} ms", holds=first_s * 1000 <= FIRST_BOUND_MS,
    )  # fmt: skip
    shown = f"{busy_s:.3f} s while a person scrolls, filters and opens sessions"
    row("the same, in use", shown, "bare hiredis loop", busy_s / min(bare)[0], "-", holds=True)
    within("stall while they stream in, p99", watch.percentile(0.99), "ms", P99_BOUND_MS)
    within("stall while they stream in, worst", max(watch.gaps_ms), "ms", WORST_BOUND_MS)
    within("memory a row beyond the stored bytes", beside, "bytes", ROW_BOUND)
    return 0


if __name__ == "__main__":
    sys.exit(main())
