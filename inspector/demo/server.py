"""The demo server: the application in a thread on 127.0.0.1, over any session store."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inspector.core.secret import Secret
from inspector.demo.connections import Connections
from inspector.demo.demo_secret import DEMO_SECRET
from inspector.demo.express_session import SessionOptions
from inspector.demo.faults import Fault
from inspector.demo.request_log import RequestEntry
from inspector.demo.session_cookie import CookieOptions
from store_adapters.application.opening import open_application_store

if TYPE_CHECKING:
    from werkzeug.serving import BaseWSGIServer

    from inspector.demo.app import DemoApp
    from inspector.demo.embedded_valkey import EmbeddedValkey
    from store_adapters.application.contract import ApplicationStore

HOST = "127.0.0.1"
FIRST_PORT = 3000
_PORTS_TRIED = 50
EMBEDDED_VALKEY = "valkey:"
"""In the place of a store URL: a Valkey of the demo's own."""


class PortTaken(Exception):
    """The port that was asked for is in use; says what to do."""


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """How the demo server runs. `port`: None for 3000 or the next free one, 0 for any free one, else that one.

    `store_url`: as for `open_store`, or `EMBEDDED_VALKEY`. `fault`: a failure to teach.
    """

    store_url: str
    port: int | None = None
    session: SessionOptions = field(
        default_factory=lambda: SessionOptions(
            (Secret.from_text(DEMO_SECRET, "demo"),), cookie=CookieOptions(max_age_ms=86_400_000, same_site="lax")
        )
    )
    fault: Fault = Fault.NONE


class DemoServer:
    """One run of the server. Start and stop from any one thread; `on_request` is called from the server's threads."""

    def __init__(self, settings: DemoSettings, on_request: Callable[[RequestEntry], None] | None = None) -> None:
        self.settings = settings
        self._on_request = on_request or (lambda _entry: None)
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._store: ApplicationStore | None = None
        self._valkey: EmbeddedValkey | None = None
        self._app: DemoApp | None = None
        self.store_url = settings.store_url
        self.port = 0

    @property
    def is_running(self) -> bool:
        return self._server is not None

    @property
    def url(self) -> str:
        """The address of its first page."""
        return f"http://{HOST}:{self.port}/"

    def start(self) -> None:
        """Open the store and answer requests from now on. `PortTaken`, `StoreError`."""
        if self.is_running:
            return
        listener = _listen(self.settings.port)
        try:
            self._open_store()
            self._serve(listener)
        except BaseException:
            listener.close()
            self._close_store()
            raise

    def _open_store(self) -> None:
        if self.settings.store_url == EMBEDDED_VALKEY:
            from inspector.demo.embedded_valkey import EmbeddedValkey

            valkey = EmbeddedValkey()
            self._valkey = valkey
            self.store_url = valkey.url
        keeps_forever = self.settings.fault is Fault.NO_EXPIRY
        self._store = open_application_store(self.store_url, keeps_forever=keeps_forever)

    def _serve(self, listener: socket.socket) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        from inspector.demo.app import DemoApp

        connections = Connections()

        class QuietHandler(WSGIRequestHandler):
            """Writes no line per request, and lets go of a client that says nothing."""

            timeout = 10

            def setup(self) -> None:
                super().setup()
                connections.add(self.connection)

            def run_wsgi(self) -> None:
                connections.is_answering(self.connection, True)
                super().run_wsgi()
                connections.is_answering(self.connection, False)

            def finish(self) -> None:
                connections.remove(self.connection)
                with contextlib.suppress(OSError):  # the connection was let go of
                    super().finish()

            def log(self, type: str, message: str, *args: object) -> None:
                """The request log is the application's."""

        assert self._store is not None
        self.port = listener.getsockname()[1]
        app = DemoApp(self.settings.session, self._store, self.port, self._on_request, self.settings.fault)
        self._app = app
        server = make_server(HOST, self.port, app, threaded=True, request_handler=QuietHandler, fd=listener.fileno())
        # werkzeug has made a socket of its own from the descriptor.
        listener.close()
        server.daemon_threads = True  # type: ignore[attr-defined]
        server.block_on_close = False  # type: ignore[attr-defined]
        server.service_actions = connections.drop_late  # type: ignore[method-assign]
        server.handle_error = _say_nothing  # type: ignore[method-assign, assignment]
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo server", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer nothing more and give everything back; does nothing when it is not running."""
        server, self._server = self._server, None
        if self._app is not None:
            self._app.close()
        if server is not None:
            server.shutdown()
            server.server_close()
        if self._thread is not None:
            self._thread.join(2)
            self._thread = None
        self._close_store()

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._valkey is not None:
            self._valkey.stop()
            self._valkey = None


def _say_nothing(_request: object, _client: object) -> None:
    """A connection that broke is nothing new; socketserver would print a traceback, with what was received."""


def _listen(port: int | None) -> socket.socket:
    wanted = range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED) if port is None else (port,)
    for number in wanted:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise PortTaken(f"Port {number} cannot be used: {error.strerror}. Choose one above 1023.") from None
        return listener
    if port is None:
        raise PortTaken(f"All ports from {FIRST_PORT} to {FIRST_PORT + _PORTS_TRIED - 1} are in use. Choose another.")
    raise PortTaken(
        f"Port {port} is in use by another program. Choose another, or leave it empty for the next free one."
    )
