"""The session middleware, behaving as express-session 1.19 (formats: its cookie, its JSON, its order of store calls).

One `SessionRequest` accompanies one request: `load`, then the page, then `finish_headers`, then `end`. It knows no web
framework, no page and no kind of store. Two things differ from Node, both for the better of a demo: the response is
held back until the store has answered, and the clock is read once where the original reads it twice.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from inspector.cookies import sign, unsign
from inspector.core.secret import Secret
from inspector.demo.session_cookie import UNDEFINED, Clock, CookieFault, CookieOptions, SessionCookie, find_cookie
from inspector.frameworks.express.findings import RESERVED_KEYS
from store_adapters.application.contract import ApplicationStore
from store_adapters.application.javascript_json import JsValue, NotJson, parse, stringify
from store_adapters.clock import now_ms

Operation = Literal["get", "set", "touch", "destroy"]


class SessionFault(Exception):
    """Express would answer this request with 500 and this message."""


class SessionGone(SessionFault):
    """`reload` found no record."""

    def __init__(self) -> None:
        super().__init__("failed to load session")


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The options of express-session, under Python's names. The first secret signs, all are accepted.

    `proxy`: True trusts X-Forwarded-Proto; False and None do not (Express itself trusts none by default).
    """

    secrets: tuple[Secret, ...]
    name: str = "connect.sid"
    resave: bool = False
    save_uninitialized: bool = False
    rolling: bool = False
    unset: Literal["keep", "destroy"] = "keep"
    cookie: CookieOptions = field(default_factory=CookieOptions)
    proxy: bool | None = None

    def __post_init__(self) -> None:
        if not self.secrets:
            raise ValueError("secret option array must contain one or more strings")


class Session:
    """What Express calls `req.session`. `data` holds the members in order; `cookie` marks its own place among them."""

    def __init__(
        self, request: SessionRequest, session_id: str, data: dict[str, JsValue], cookie: SessionCookie
    ) -> None:
        self._request = request
        self.id = session_id
        self.data = data
        self.cookie = cookie
        # Whether the middleware has wrapped `save` and `reload`: not those of `regenerate`, as in the original.
        self.is_wrapped = False
        data.setdefault("cookie", None)

    def record(self) -> bytes:
        """Return the JSON that is stored. `SessionFault` when the data is nested too deeply."""
        return _stringify(self.data | {"cookie": self.cookie.to_json()}).encode()

    def digest(self) -> str:
        """Return the hash of everything but the cookie, by which changes are noticed."""
        return _digest(self.data)

    def touch(self) -> None:
        """Renew the cookie's expiry from `originalMaxAge`, in memory only. `SessionFault`."""
        try:
            self.cookie.touch()
        except CookieFault as fault:
            raise SessionFault(f"{fault} (here express-session leaves the request hanging)") from None

    def save(self) -> None:
        """Write the record now. `StoreError`."""
        self._request.save(self)

    def reload(self) -> None:
        """Read the record again into a new session. `SessionGone`, `StoreError`."""
        self._request.reload(self)

    def destroy(self) -> None:
        """Delete the record and leave the request without a session. `StoreError`."""
        self._request.destroy(self)

    def regenerate(self) -> Session:
        """Delete the record and go on with an empty session of a new ID. `StoreError`."""
        return self._request.regenerate()


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """What the middleware looks at. `url` is path and query, header texts are "" when absent."""

    url: str
    cookie_header: str = ""
    forwarded_proto: str = ""
    is_encrypted: bool = False


def generate_session_id() -> str:
    """Return 24 random bytes as uid-safe spells them: 32 characters of base64url."""
    return secrets.token_urlsafe(24)


class SessionRequest:
    """The middleware during one request. `session` is None where `req.session` would be undefined or null.

    `operations` lists the store calls with their IDs, in order. `is_cookie_refused`: there was one, and no secret made its
    signature; `is_record_missing`: it is good, and the store has no session for it. Both are silent in the original.
    """

    def __init__(
        self,
        options: SessionOptions,
        store: ApplicationStore,
        incoming: IncomingRequest,
        clock: Clock = now_ms,
        generate_id: Callable[[], str] = generate_session_id,
    ) -> None:
        self.session: Session | None = None
        self.session_id = ""
        self.operations: list[tuple[Operation, str]] = []
        self.is_cookie_held_back = False
        self.is_cookie_refused = False
        self.is_record_missing = False
        self._options = options
        self._store = store
        self._incoming = incoming
        self._clock = clock
        self._generate_id = generate_id
        self._is_active = False
        self._cookie_id: str | None = None
        self._original_id = ""
        self._original_digest = ""
        self._saved_digest: str | None = None
        self._is_touched = False

    # --- before the page ----------------------------------------------------------------------------------------

    def load(self) -> None:
        """Find or make the session. `StoreError` and `SessionFault` are a 500."""
        if not urlsplit(self._incoming.url).path.startswith(self._options.cookie.path or "/"):
            return
        self._is_active = True
        self._cookie_id = self._read_cookie()
        self.session_id = self._cookie_id or ""
        stored = self._get(self.session_id) if self._cookie_id else None
        self.is_record_missing = self._cookie_id is not None and stored is None
        if stored is None:
            session = self._generate()
            self._original_digest = session.digest()
        else:
            session = self._inflate(stored)
            self._original_digest = _digest(stored)
            if not self._options.resave:
                self._saved_digest = self._original_digest
        self._original_id = self.session_id
        session.is_wrapped = True

    def _read_cookie(self) -> str | None:
        value = find_cookie(self._incoming.cookie_header, self._options.name) or ""
        session_id = unsign(value[2:], self._options.secrets) if value.startswith("s:") else None
        self.is_cookie_refused = bool(value) and not session_id
        return session_id or None

    def _get(self, session_id: str) -> dict[str, JsValue] | None:
        self.operations.append(("get", session_id))
        record = self._store.get(session_id, self._clock())
        if not record:
            return None
        try:
            stored = parse(record)
        except NotJson:
            raise SessionFault("The stored session isn't JSON.") from None
        if not stored:
            return None if not isinstance(stored, dict | list) else {}
        # Other values have no `cookie` member either, which is what fails next.
        return stored if isinstance(stored, dict) else {}

    def _generate(self) -> Session:
        self.session_id = self._generate_id()
        options = self._options.cookie
        cookie = SessionCookie(options.members(), self._clock)
        is_secure = self._is_secure()
        if options.secure == "auto":
            cookie["secure"] = is_secure
        if options.same_site == "auto":
            cookie["sameSite"] = "none" if is_secure else "lax"
        self.session = Session(self, self.session_id, {}, cookie)
        return self.session

    def _inflate(self, stored: dict[str, JsValue]) -> Session:
        try:
            cookie = SessionCookie.inflate(stored.get("cookie", UNDEFINED), self._clock)
        except CookieFault as fault:
            raise SessionFault(str(fault)) from None
        data = {key: value for key, value in stored.items() if key not in RESERVED_KEYS}
        self.session = Session(self, self.session_id, data, cookie)
        return self.session

    def _is_secure(self) -> bool:
        if self._incoming.is_encrypted:
            return True
        proto = self._incoming.forwarded_proto.partition(",")[0].strip().lower()
        return self._options.proxy is True and proto == "https"

    # --- what a page may do, through its session -------------------------------------------------------------------

    def save(self, session: Session) -> None:
        if session.is_wrapped:
            self._saved_digest = session.digest()
        self.operations.append(("set", session.id))
        now_ms = self._clock()
        self._store.set(session.id, session.record(), now_ms)
        self._mark(session, now_ms)

    def reload(self, session: Session) -> None:
        stored = self._get(session.id)
        if stored is None:
            raise SessionGone
        self._inflate(stored).is_wrapped = session.is_wrapped

    def destroy(self, session: Session) -> None:
        self.session = None
        self._destroy(session.id)

    def regenerate(self) -> Session:
        try:
            self._destroy(self.session_id)
        finally:
            session = self._generate()
        return session

    def _destroy(self, session_id: str) -> None:
        self.operations.append(("destroy", session_id))
        self._store.destroy(session_id)

    # --- after the page -----------------------------------------------------------------------------------------

    def finish_headers(self) -> str | None:
        """Return the Set-Cookie line to send, None for none. `SessionFault`: the cookie cannot be written."""
        session = self.session
        if not self._is_active or session is None:
            return None
        if self._wants_save(session):
            # The original calls the store before it sends the headers, so that they see what the store did to the session.
            self._mark(session, self._clock())
        if not self._wants_cookie(session):
            return None
        if session.cookie["secure"] and not self._is_secure():
            self.is_cookie_held_back = True
            return None
        self._touch_once(session)
        value = "s:" + sign(self.session_id, self._options.secrets[0])
        try:
            return session.cookie.serialize(self._options.name, value)
        except CookieFault as fault:
            raise SessionFault(str(fault)) from None

    def end(self) -> None:
        """Save, touch or destroy the session in the store. `StoreError`: the client has been answered, data is lost."""
        if not self._is_active:
            return
        session = self.session
        if session is None:
            if self._options.unset == "destroy" and self.session_id:
                self._destroy(self.session_id)
            return
        self._touch_once(session)
        if self._wants_save(session):
            session.save()
        elif self._cookie_id == self.session_id:
            self.operations.append(("touch", self.session_id))
            self._store.touch(self.session_id, session.record(), self._clock())

    def _mark(self, session: Session, now_ms: int) -> None:
        if self._store.marks_session:
            session.data["__lastAccess"] = now_ms

    def _touch_once(self, session: Session) -> None:
        if not self._is_touched:
            session.touch()
            self._is_touched = True

    @property
    def wants_save(self) -> bool:
        """True when the session, as it is now, will be written at the end."""
        return self.session is not None and self._wants_save(self.session)

    def _is_modified(self, session: Session) -> bool:
        return self._original_id != session.id or self._original_digest != session.digest()

    def _wants_cookie(self, session: Session) -> bool:
        if self._cookie_id != self.session_id:
            return self._options.save_uninitialized or self._is_modified(session)
        has_expiry = session.cookie.expires is not None and session.cookie.expires is not UNDEFINED
        return self._options.rolling or (has_expiry and self._is_modified(session))

    def _wants_save(self, session: Session) -> bool:
        if not self._options.save_uninitialized and not self._saved_digest and self._cookie_id != self.session_id:
            return self._is_modified(session)
        return self._original_id != session.id or self._saved_digest != session.digest()


def _digest(data: dict[str, JsValue]) -> str:
    text = _stringify({key: value for key, value in data.items() if key != "cookie"})
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _stringify(value: JsValue) -> str:
    try:
        return stringify(value)
    except NotJson:
        raise SessionFault("Maximum call stack size exceeded") from None
