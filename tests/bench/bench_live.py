"""Live on a store that changes 1,000 times a second: how soon a row shows a change, the processor it takes, the stalls.

A child process writes. Now and then it writes a session with a user of its own, and says when; the window looks for it in
its first rows, which are the latest changes. Prints; asserts nothing.
"""

from __future__ import annotations

import os
import subprocess
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
from tests.bench.redis_sessions import filled_redis
from tests.bench.report import SIZE, within

SECONDS, RATE = 8, 1000
FOLLOW_BOUND_MS, P99_BOUND_MS, WORST_BOUND_MS, CORES_BOUND = 500, 16, 50, 1.0
TIMEOUT_MS = 120_000

WRITER = """
import random, sys, time, redis
from tests.bench.sessions import session_id, session_text
port, size, seconds, rate = map(int, sys.argv[1:])
client = redis.Redis(port=port)
dice, begun, number = random.Random(1), time.monotonic(), 0
now = round(time.time() * 1000)
while time.monotonic() - begun < seconds:
    pipe = client.pipeline(transaction=False)
    for _ in range(rate // 100):
        which = dice.randrange(size)
        text, left = session_text(which, now)
        pipe.set("sess:" + session_id(which), text.replace(b'"locale"', b'"n%d":1,"locale"' % number), px=left)
        number += 1
    if number % (rate // 2) == 0:
        pipe.set("sess:probe", b'{"cookie":{},"user":{"username":"probe%d"}}' % number, ex=900)
        pipe.execute()
        print(f"probe{number} {time.monotonic()}", flush=True)
    else:
        pipe.execute()
    time.sleep(max(0, begun + number / rate - time.monotonic()))
"""


class Follower:
    """Opens the store, turns Live on, starts the writer, and notes when each probe is seen."""

    def __init__(self, window: MainWindow, loop: QEventLoop, port: int) -> None:
        self._window, self._loop, self._port = window, loop, port
        self.watch = Watch()
        self.seen: dict[str, float] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.cpu_s = self._begun = 0.0
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        store = self._window.current
        if store is None or store.profile.id != "bench" or not (store.progress.is_complete or self.process):
            return
        if self.process is None:
            if not store.is_live:
                store.set_live(True)
                self._begun = time.monotonic()
            elif time.monotonic() - self._begun > 2.0:  # catching up is over
                self._start()
            return
        if self.process.poll() is not None and time.monotonic() - self._begun > SECONDS + 1:
            self.cpu_s = time.process_time() - self.cpu_s
            self.watch.stop()
            self._loop.quit()

    def look_for_probe(self) -> None:
        """The table was filled anew: is the probe in its place among the latest changes?"""
        model = self._window.sessions_page.model
        row = model.row_of(b"sess:probe")
        found = model.row_at(row) if 0 <= row < RATE else None
        if found is not None:
            self.seen.setdefault(found.user, time.monotonic())

    def _start(self) -> None:
        command = [sys.executable, "-c", WRITER, str(self._port), str(SIZE), str(SECONDS), str(RATE)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._begun, self.cpu_s = time.monotonic(), time.process_time()
        self._window.sessions_page.model.modelReset.connect(self.look_for_probe)
        self.watch.start()


def main() -> int:
    with filled_redis(SIZE) as server, tempfile.TemporaryDirectory() as folder:
        make_application()
        window = open_window(Launch(), Path(folder))
        window.resize(1280, 720)
        window.show()
        tune_interpreter(window)
        loop = QEventLoop()
        follower = Follower(window, loop, server.port)
        profile = Profile(id="bench", name="Bench", url=f"{server.url}/0?prefix=sess:")
        QTimer.singleShot(1000, lambda: window.put_profile(profile, keep=False))
        QTimer.singleShot(TIMEOUT_MS, loop.quit)
        loop.exec()
        window.close()
        if follower.process is None or follower.process.stdout is None:
            print("the list was not read in time", file=sys.stderr)
            return 1
        told = dict(line.split() for line in follower.process.stdout.read().decode().splitlines())
    delays = sorted(follower.seen[name] - float(at) for name, at in told.items() if name in follower.seen)
    print(f"{len(delays)} of {len(told)} probes seen; {SIZE:,} sessions, {RATE} changes a second")
    if not delays:
        return 1
    within("live: rows follow, slowest", delays[-1] * 1000, "ms", FOLLOW_BOUND_MS)
    within("live: processor", follower.cpu_s / SECONDS, "cores", CORES_BOUND)
    within("live: stall p99", follower.watch.percentile(0.99), "ms", P99_BOUND_MS)
    within("live: stall worst", max(follower.watch.gaps_ms), "ms", WORST_BOUND_MS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
