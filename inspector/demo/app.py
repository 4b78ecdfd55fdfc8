"""The demo application: a small shop with sessions, as a WSGI application around the session middleware.

Its pages are those of the guides to express-session: `/`, `/set`, `/get`, `/delete`, a login with its dashboard, a cart.
It serves nothing that is secret, and turns away whoever is not on this machine (see `guard`).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request, Response

from inspector.core.display import escape_display, format_time
from inspector.demo.express_session import IncomingRequest, Session, SessionFault, SessionOptions, SessionRequest
from inspector.demo.faults import Fault, delay_s, options_of
from inspector.demo.guard import refuse
from inspector.demo.pages import (
    SECURITY_HEADERS,
    render_add_to_cart,
    render_cart,
    render_index,
    render_login,
    render_message,
)
from inspector.demo.request_log import RequestEntry, describe_changes, describe_touch
from store_adapters.application.contract import ApplicationStore
from store_adapters.application.javascript_json import parse, stringify
from store_adapters.clock import now_ms
from store_adapters.errors import StoreError

if TYPE_CHECKING:
    from store_adapters.application.javascript_json import JsValue

_TEXT_LIMIT = 200
_WORDS = {"get": "read", "set": "saved", "touch": "touched", "destroy": "destroyed"}
_Page = Callable[[Request, SessionRequest, Session], Response]


def _page(body: str, status: int = 200) -> Response:
    return Response(body, status=status, mimetype="text/html")


def _redirect(path: str) -> Response:
    return Response("", status=302, headers={"Location": path}, mimetype="text/html")


def _show_index(_request: Request, _state: SessionRequest, _session: Session) -> Response:
    return _page(render_index())


def _set_values(request: Request, _state: SessionRequest, session: Session) -> Response:
    session.data["username"] = request.args.get("username", "ada")[:_TEXT_LIMIT]
    session.data["lastVisit"] = format_time(now_ms())
    return _page(render_message("Session set", "The session now holds a user name and the time of this visit."))


def _show_session(_request: Request, _state: SessionRequest, session: Session) -> Response:
    return Response(stringify(session.data | {"cookie": session.cookie.to_json()}), mimetype="application/json")


def _delete_session(_request: Request, _state: SessionRequest, session: Session) -> Response:
    session.destroy()
    return _page(render_message("Session destroyed", "The record is gone, but the browser still has its old cookie."))


def _log_in(request: Request, state: SessionRequest, session: Session) -> Response:
    if request.method != "POST":
        return _page(render_login())
    user_id = request.form.get("userId", "").strip()[:_TEXT_LIMIT]
    username = request.form.get("username", "").strip()[:_TEXT_LIMIT]
    if not user_id or not username:
        return _page(render_message("Sign in", "A user ID and a user name are required."), 400)
    # A new session ID at login, so that nobody can plant one beforehand (session fixation).
    fresh = session.regenerate()
    fresh.data["user"] = {
        "id": int(user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) < 16 else user_id,
        "username": username,
        "role": request.form.get("role", "user").strip()[:_TEXT_LIMIT] or "user",
    }
    fresh.data["lastVisit"] = format_time(now_ms())
    return _redirect("/dashboard")


def _show_dashboard(_request: Request, _state: SessionRequest, session: Session) -> Response:
    user = session.data.get("user")
    if not isinstance(user, dict):
        return _redirect("/login")
    name = str(user.get("username", ""))
    return _page(render_message(f"Welcome {name}", f"You are signed in as {user.get('role', 'user')}."))


def _add_to_cart(request: Request, _state: SessionRequest, session: Session) -> Response:
    if request.method != "POST":
        return _page(render_add_to_cart())
    item = request.form.get("item", "").strip()[:_TEXT_LIMIT]
    if not item:
        return _page(render_message("Add to cart", "There's no item to add."), 400)
    cart = session.data.get("cart")
    session.data["cart"] = [*(cart if isinstance(cart, list) else []), item]
    return _page(render_message("Added", f"{item} is in your cart."))


def _show_cart(_request: Request, _state: SessionRequest, session: Session) -> Response:
    cart = session.data.get("cart")
    items = cart if isinstance(cart, list) else []
    return _page(render_cart([one if isinstance(one, str) else stringify(one) for one in items]))


def _log_out(_request: Request, _state: SessionRequest, session: Session) -> Response:
    session.destroy()
    return _redirect("/")


_PAGES: dict[str, _Page] = {
    "/": _show_index,
    "/set": _set_values,
    "/get": _show_session,
    "/delete": _delete_session,
    "/login": _log_in,
    "/dashboard": _show_dashboard,
    "/add-to-cart": _add_to_cart,
    "/cart": _show_cart,
    "/logout": _log_out,
}
_FORMS = frozenset({"/login", "/add-to-cart"})


class DemoApp:
    """The WSGI application. `on_request(entry)` is called once per request from the server's threads.

    `fault`: what goes wrong on purpose. `close` ends the waiting of slow pages.
    """

    def __init__(
        self,
        options: SessionOptions,
        store: ApplicationStore,
        port: int,
        on_request: Callable[[RequestEntry], None],
        fault: Fault = Fault.NONE,
    ) -> None:
        self._options = options
        self._fault = fault
        self._numbers = itertools.count()
        self._closing = threading.Event()
        self._store = store
        self._port = port
        self._on_request = on_request

    def close(self) -> None:
        """Let pages that wait go on at once."""
        self._closing.set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refusal = refuse(environ, self._port)
        if refusal is not None:
            response = _page(render_message("Refused", refusal.reason), refusal.status)
        else:
            try:
                response = self._answer(Request(environ))
            except ClientDisconnected:  # amid its form; werkzeug would print a traceback
                response = _page(render_message("Broken off", "The request ended before its form did."), 400)
        for name, value in SECURITY_HEADERS:
            response.headers[name] = value
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        page = _PAGES.get(request.path)
        if page is None:
            # Express's own 404 comes after the session middleware, but a favicon would only fill the log.
            return _page(render_message("Not found", "This page doesn't exist."), 404)
        if request.method not in ("GET", "HEAD", *(("POST",) if request.path in _FORMS else ())):
            return _page(render_message("Not allowed", "This page doesn't accept that method."), 405)
        number = next(self._numbers)
        options = options_of(self._fault, self._options, number)
        state = SessionRequest(
            options,
            self._store,
            IncomingRequest(
                url=request.full_path if request.query_string else request.path,
                cookie_header=request.headers.get("Cookie", ""),
                forwarded_proto=request.headers.get("X-Forwarded-Proto", ""),
                is_encrypted=request.scheme == "https",
            ),
        )
        watched = _Watched(state)
        try:
            state.load()
            watched.loaded()
            session = state.session
            if session is None:
                words = "There's no session here: this page's path is outside cookie.path."
                response = _page(render_message("No session", words), 200)
            else:
                response = page(request, state, session)
                self._closing.wait(delay_s(self._fault, request.method, number))
                watched.look_again(self._store)
            if (line := state.finish_headers()) is not None:
                response.headers.add("Set-Cookie", line)
                watched.has_set_cookie = True
            elif state.is_cookie_held_back:
                watched.notes.append("cookie not sent: it's secure, and the connection counts as http")
        except SessionFault as fault:
            watched.has_failed = True
            response = _page(render_message("The session failed", escape_display(str(fault))), 500)
        except StoreError as error:
            watched.has_failed = True
            response = _page(render_message("The session store failed", error.message), 500)
        try:
            state.end()
        except (SessionFault, StoreError):
            # As with Express: the answer stands, and what should have been saved is lost.
            watched.has_failed = True
        self._on_request(watched.entry(request, response.status_code))
        return response


class _Watched:
    """What a request does to its session, from before the page to after the save."""

    def __init__(self, state: SessionRequest) -> None:
        self._state = state
        self._id = ""
        self._data: dict[str, JsValue] = {}
        self._expires_at_ms: int | None = None
        self.has_failed = False
        self.has_set_cookie = False
        self.notes: list[str] = []
        self._loaded: bytes | None = None

    def loaded(self) -> None:
        """Remember the session as it was loaded, and why there was none for the cookie."""
        if self._state.is_cookie_refused:
            self.notes.append("cookie rejected: no secret here made its signature")
        elif self._state.is_record_missing:
            self.notes.append("no record for its cookie")
        session = self._state.session
        if session is not None and any(operation == "get" for operation, _ in self._state.operations):
            copied = parse(stringify({key: value for key, value in session.data.items() if key != "cookie"}).encode())
            self._id, self._data = session.id, copied if isinstance(copied, dict) else {}
            self._expires_at_ms = session.cookie.expires_at_ms
            self._loaded = stringify(self._data).encode()

    def look_again(self, store: ApplicationStore) -> None:
        """Note when the record is no longer what was loaded: a save writes over what another request or tool has saved."""
        session = self._state.session
        if self._loaded is None or session is None or session.id != self._id or not self._state.wants_save:
            return
        now = store.get(session.id, now_ms())
        found = parse(now) if now else None
        if isinstance(found, dict):
            found = {key: value for key, value in found.items() if key != "cookie"}
            if stringify(found).encode() != self._loaded:
                self.notes.append("overwrote what was saved meanwhile")

    def entry(self, request: Request, status: int) -> RequestEntry:
        operations = tuple(dict.fromkeys(_WORDS[operation] for operation, _ in self._state.operations))
        if self.has_set_cookie:
            operations += ("set-cookie",)
        if self.has_failed:
            operations += ("failed",)
        session = self._state.session
        destroyed = [one for operation, one in self._state.operations if operation == "destroy"]
        session_id: str | None = destroyed[-1] if destroyed else None
        if session is not None:
            session_id = session.id
        if session is not None and not self.has_set_cookie and not {"read", "saved", "touched"} & set(operations):
            session_id = None  # a session that was neither stored nor sent is nobody's
        return RequestEntry(
            at_ms=now_ms(),
            method=escape_display(request.method, 10),
            path=escape_display(request.path, 80),
            status=status,
            session_id=session_id,
            operations=operations,
            changes=tuple(self._changes(session, operations)),
        )

    def _changes(self, session: Session | None, operations: tuple[str, ...]) -> list[str]:
        if session is None:
            return [*self.notes, "destroyed"] if "destroyed" in operations else self.notes
        before = self._data if session.id == self._id else {}
        changes = [*self.notes, *describe_changes(before, session.data)]
        if "destroyed" in operations:
            changes.insert(0, "new session ID")
        if "touched" in operations and not changes:
            changes.append(describe_touch(self._expires_at_ms, session.cookie.expires_at_ms))
        return changes
