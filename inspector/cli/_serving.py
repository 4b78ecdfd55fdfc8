"""The commands that run until they are interrupted: the demo server, and watching a store."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from inspector.cli._output import BadUsage, Output
from inspector.cli._stores import find_store, known_profiles, opened, read_secrets
from inspector.core.display import format_time
from inspector.core.secret import Secret
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken


class _Interrupted:
    """Turns Ctrl-C and SIGTERM into a flag, so that everything is closed in order."""

    def __init__(self) -> None:
        self.token = CancelToken()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._stop)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.token.cancel()


def watch_store(options: Any, output: Output) -> int:
    """Print each change of a store as it happens."""
    interrupted = _Interrupted()
    with opened(options.store_name, log=output.log) as connection:
        store = connection.store
        for changes in store.watch(interrupted.token):
            for change in changes:
                session_id = store.session_id_of(change.key) if change.key else ""
                at = format_time(change.seen_at_ms)
                if options.json:
                    key = change.key.decode("utf-8", "surrogateescape")
                    output.say_json({"at": at, "kind": change.kind.value, "id": session_id, "key": key})
                else:
                    output.say(f"{at} {change.kind.value:<8} {session_id}")
            if changes:
                output.flush()
            if interrupted.token.is_cancelled:
                break
    return 0


def serve_demo(options: Any, output: Output) -> int:
    """Run the demo server; prints its address first, and then a line per request."""
    from inspector.demo.demo_secret import DEMO_SECRET
    from inspector.demo.express_session import SessionOptions
    from inspector.demo.faults import LESSONS, Fault
    from inspector.demo.prepare import choose_demo_folder, prepare_demo
    from inspector.demo.request_log import RequestEntry
    from inspector.demo.server import EMBEDDED_VALKEY, DemoServer, DemoSettings, PortTaken
    from inspector.demo.session_cookie import CookieOptions
    from inspector.demo.traffic import generate_visitors
    from inspector.services.settings.profiles import default_data_folder, default_folder, guard_from_demo

    interrupted = _Interrupted()
    url = options.store_name or prepare_demo(choose_demo_folder(default_folder(), default_data_folder()))
    if url != EMBEDDED_VALKEY and options.store_name and "://" not in url:
        url = find_store(url)[0].url
    if refusal := guard_from_demo(known_profiles(), url):
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

    def told(entry: RequestEntry) -> None:
        if options.json:
            output.say_json(
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
        else:
            # "touched: expires +1.9 s" says "touched" already.
            done = [one for one in entry.operations if not any(change.startswith(one) for change in entry.changes)]
            words = ", ".join([*done, *entry.changes]) or "no session"
            output.say(f"{format_time(entry.at_ms)} {entry.method} {entry.path} {entry.status} {words}")
        output.flush()

    fault = Fault(options.fault)
    server = DemoServer(DemoSettings(url, options.port, session, fault), told)
    try:
        server.start()
    except PortTaken as error:
        raise BadUsage(str(error)) from None
    try:
        if options.json:
            output.say_json({"at": format_time(now_ms()), "url": server.url, "store": server.store_url})
        else:
            output.say(f"The demo server answers at {server.url} (Ctrl-C ends it)")
            output.say(f"Cookies ignore ports: other applications on localhost get {options.name} too.")
            if fault is not Fault.NONE:
                output.say(f"{LESSONS[fault].watch} Remedy: {LESSONS[fault].remedy}")
        output.flush()
        if options.visitors:
            generate_visitors(server.url, options.visitors, interrupted.token)
        while not interrupted.token.wait(3600):
            pass
    finally:
        server.stop()
    return 0
