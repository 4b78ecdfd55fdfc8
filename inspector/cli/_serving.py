"""The commands that run until they are interrupted: the demo server, and watching a store."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from inspector.cli._output import BadUsage, Output, OutputLost
from inspector.cli._signals import Interrupted
from inspector.cli._stores import find_store, kept_secrets, known_profiles, opened, read_secrets
from inspector.core.display import format_local, format_time
from inspector.core.secret import Secret
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken, Change, SessionStore

if TYPE_CHECKING:
    from inspector.demo.request_log import RequestEntry
    from inspector.demo.server import DemoServer


def watch_store(options: Any, output: Output) -> int:
    """Print each change of a store as it happens."""
    try:
        with opened(options.store_name, options.secret_sources, output.log) as connection:
            for changes in connection.store.watch(CancelToken()):
                _say_changes(options, output, connection.store, changes)
    except KeyboardInterrupt:
        pass  # how a watch ends; the library that hears of files makes its own of ours
    return 0


def _say_changes(options: Any, output: Output, store: SessionStore, changes: Sequence[Change]) -> None:
    for change in changes:
        session_id = store.session_id_of(change.key) if change.key else ""
        at = format_time(change.seen_at_ms)
        if options.json:
            key = change.key.decode("utf-8", "surrogateescape")
            output.say_json({"at": at, "kind": change.kind.value, "id": session_id, "key": key})
        else:
            output.say(f"{format_local(change.seen_at_ms)} {change.kind.value:<8} {session_id}")
    if changes:
        output.flush()


def serve_demo(options: Any, output: Output) -> int:
    """Run the demo server; prints its address first, and then a line per request."""
    from inspector.demo.demo_secret import DEMO_SECRET
    from inspector.demo.express_session import SessionOptions
    from inspector.demo.faults import Fault
    from inspector.demo.prepare import choose_demo_folder, prepare_demo
    from inspector.demo.server import EMBEDDED_VALKEY, DemoServer, DemoSettings, PortTaken
    from inspector.demo.session_cookie import CookieOptions
    from inspector.demo.traffic import generate_visitors
    from inspector.services.connection import url_with_password
    from inspector.services.settings.profiles import default_data_folder, default_folder, guard_from_demo

    url = options.store_name or prepare_demo(choose_demo_folder(default_folder(), default_data_folder()))
    profiles, secrets_of = known_profiles(), kept_secrets()
    if url != EMBEDDED_VALKEY and options.store_name:
        url = url_with_password(*find_store(url, options.secret_sources))
    if refusal := guard_from_demo(profiles, url, lambda one: url_with_password(one, secrets_of)):
        raise BadUsage(refusal)
    secrets = read_secrets(options.secret_sources) or (Secret.from_text(DEMO_SECRET, "demo"),)
    session = SessionOptions(
        secrets,
        name=options.name,
        resave=options.resave,
        save_uninitialized=options.save_uninitialized,
        rolling=options.rolling,
        unset=options.unset,
        proxy=options.proxy or None,
        cookie=CookieOptions(
            max_age_ms=None if options.no_max_age else options.max_age,
            secure={"true": True, "auto": "auto"}.get(options.secure),  # type: ignore[arg-type]
            same_site=None if options.same_site == "unset" else options.same_site,
            http_only=not options.no_http_only,
            path=options.path,
            domain=options.domain or None,
        ),
    )

    teller = _Teller(options, output)
    server = DemoServer(DemoSettings(url, options.port, session, Fault(options.fault)), teller.tell)
    try:
        with output.signals.deferred():  # what was started is known, and is stopped
            server.start()
        _say_address(options, output, server)
        if options.visitors:
            generate_visitors(server.url, options.visitors, CancelToken())
        while True:
            time.sleep(3600)
    except PortTaken as error:
        raise BadUsage(str(error)) from None
    except Interrupted:
        # How the demo ends.
        if teller.lost is not None:
            raise teller.lost from None
    finally:
        with output.signals.deferred():
            server.stop()
    return 0


def _say_address(options: Any, output: Output, server: DemoServer) -> None:
    from inspector.demo.faults import LESSONS, Fault
    from inspector.demo.server import EMBEDDED_VALKEY
    from inspector.services.connection import split_url

    shown = server.store_url if server.store_url == EMBEDDED_VALKEY else split_url(server.store_url)[0]
    if options.json:
        output.say_json({"at": format_time(now_ms()), "url": server.url, "store": shown})
    else:
        output.say(f"The demo server answers at {server.url} (Ctrl-C ends it)")
        output.say(f"Cookies ignore ports: other applications on localhost get {options.name} too.")
        fault = Fault(options.fault)
        if fault is not Fault.NONE:
            output.say(f"{LESSONS[fault].watch} Remedy: {LESSONS[fault].remedy}")
    output.flush()


class _Teller:
    """Prints a line per request, from the server's threads. `lost`: why nothing more can be printed; the demo then ends."""

    def __init__(self, options: Any, output: Output) -> None:
        self._is_json = options.json
        self._output = output
        self.lost: OutputLost | None = None

    def tell(self, entry: RequestEntry) -> None:
        """Print what one request did."""
        try:
            self._print(entry)
            self._output.flush()
        except OutputLost as error:
            if self.lost is None:
                self.lost = error
                os.kill(os.getpid(), signal.SIGTERM)  # wakes the main thread, which waits for nothing else

    def _print(self, entry: RequestEntry) -> None:
        if self._is_json:
            self._output.say_json(
                {
                    "at": format_time(entry.at_ms),
                    "method": entry.method,
                    "path": entry.path,
                    "status": entry.status,
                    "session_id": entry.session_id,
                    "operations": entry.operations,
                    "changes": entry.changes,
                }
            )
            return
        # "touched: expires +1.9 s" says "touched" already.
        done = [one for one in entry.operations if not any(change.startswith(one) for change in entry.changes)]
        words = ", ".join([*done, *entry.changes]) or "no session"
        self._output.say(f"{format_local(entry.at_ms)} {entry.method} {entry.path} {entry.status} {words}")
