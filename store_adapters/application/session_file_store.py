"""Sessions in a folder as session-file-store 1.5 keeps them (plain form).

One thing is left out: the library reads a missing file six times over 250 ms before it believes it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from store_adapters.application.javascript_json import JsValue, stringify
from store_adapters.application.session_record import cookie_of, parse_session
from store_adapters.errors import BadStoreAddress, RecordMissing, RecordUnreadable, StoreRefused, StoreUnreachable
from store_adapters.files.file_owner import choose_owner, give
from store_adapters.files.open_file import describe_os_error
from store_adapters.options import Limits, StoreAddress
from store_adapters.portability import HOLDS_FOLDERS

_DEFAULT_TTL_S = 3600.0
_SIBLINGS = 100


class SessionFileApplicationStore:
    """A folder which it makes when there is none, with one file `<session ID><extension>` a session."""

    marks_session = True

    def __init__(
        self, folder: Path, extension: str = ".json", ttl_s: float = _DEFAULT_TTL_S, *, keeps_forever: bool = False
    ) -> None:
        self._keeps_forever = keeps_forever
        self._folder = folder
        self._extension = extension
        self._ttl_s = ttl_s
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise StoreUnreachable(
                "The path isn't a folder.", "Give the folder that holds the session files."
            ) from None
        except OSError as error:
            raise describe_os_error(error) from None

    @classmethod
    def open(cls, address: StoreAddress, limits: Limits, *, keeps_forever: bool = False) -> SessionFileApplicationStore:
        extension = address.options.get("extension", ".json")
        ttl_s = _parse_ttl(address.options.get("ttl", ""))
        return cls(Path(address.path), extension, ttl_s, keeps_forever=keeps_forever)

    def get(self, session_id: str, now_ms: int) -> bytes | None:
        """Return the session; a file that isn't JSON is removed, as by the library. `RecordUnreadable`."""
        found = self._read(session_id, now_ms)
        return found[0] if found else None

    def set(self, session_id: str, record: bytes, now_ms: int) -> None:
        self._write(session_id, parse_session(record) or {}, now_ms)

    def touch(self, session_id: str, record: bytes, now_ms: int) -> None:
        """Read the file again and replace its `cookie`; one that expired meanwhile loses everything else.

        `RecordMissing` when there is no file.
        """
        if not self._path(session_id).exists():
            raise RecordMissing("This session has no file to touch.", "It was deleted during the request.")
        found = self._read(session_id, now_ms)
        session = found[1] if found else {}
        session["cookie"] = dict(cookie_of(parse_session(record)))
        self._write(session_id, session, now_ms)

    def destroy(self, session_id: str) -> None:
        with _describing_errors():
            self._path(session_id).unlink(missing_ok=True)

    def reap(self, now_ms: int) -> int:
        """Remove the files of expired sessions and say how many they were."""
        with _describing_errors():
            names = [name for name in os.listdir(self._folder) if name.endswith(self._extension)]
        removed = 0
        for name in names:
            session_id = name.removesuffix(self._extension)
            with contextlib.suppress(RecordUnreadable):
                if self._path(session_id).exists() and self._read(session_id, now_ms) is None:
                    self.destroy(session_id)
                    removed += 1
        return removed

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _read(self, session_id: str, now_ms: int) -> tuple[bytes, dict[str, JsValue]] | None:
        path = self._path(session_id)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise describe_os_error(error) from None
        try:
            session = parse_session(content)
        except RecordUnreadable:
            self.destroy(session_id)
            raise
        if session is None or self._is_expired(session, now_ms):
            return None
        return content, session

    def _is_expired(self, session: dict[str, JsValue], now_ms: int) -> bool:
        # Text in either place is joined, not added, by JavaScript, and a missing time makes NaN: neither is below now.
        last_access = session.get("__lastAccess", "")
        lifetime = cookie_of(session).get("originalMaxAge") or self._ttl_s * 1000
        if isinstance(last_access, str | list | dict) or isinstance(lifetime, str | list | dict):
            return False
        return (last_access or 0) + lifetime < now_ms

    def _write(self, session_id: str, session: dict[str, JsValue], now_ms: int) -> None:
        """Replace the file in one step, keeping its mode; the temporary name ends in digits, as write-file-atomic's.

        A new one is given to whoever owns the folder, as the demo may run as another user than the application.
        """
        if self._keeps_forever:
            session.pop("__lastAccess", None)  # without it the library's sum isn't a number, which is never below now
        else:
            session["__lastAccess"] = now_ms
        path = self._path(session_id)
        temporary = path.with_name(f"{path.name}.{secrets.randbits(32)}")
        with _describing_errors():
            try:
                mode = stat.S_IMODE(path.stat().st_mode)
            except FileNotFoundError:
                mode = None
            try:
                with open(temporary, "xb") as file:
                    file.write(stringify(session).encode())
                    if mode is not None:
                        os.chmod(temporary, mode)
                    elif HOLDS_FOLDERS:
                        give(file.fileno(), choose_owner(os.stat(self._folder), self._siblings()))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, path)
            except (OSError, StoreRefused):
                temporary.unlink(missing_ok=True)
                raise

    def _siblings(self) -> Iterator[os.stat_result]:
        with os.scandir(self._folder) as entries:
            for entry in islice((entry for entry in entries if entry.name.endswith(self._extension)), _SIBLINGS):
                with contextlib.suppress(FileNotFoundError):
                    yield entry.stat(follow_symlinks=False)

    def _path(self, session_id: str) -> Path:
        name = session_id + self._extension
        if (
            not session_id
            or name in (".", "..")
            or any(char in name for char in "/\\\0")
            or len(os.fsencode(name)) > 200
        ):
            raise RecordUnreadable(
                "This session ID can't be used as a file name.", "It contains a separator or is too long."
            )
        return self._folder / name


@contextlib.contextmanager
def _describing_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise describe_os_error(error) from None


def _parse_ttl(text: str) -> float:
    try:
        ttl_s = float(text or _DEFAULT_TTL_S)
    except ValueError:
        ttl_s = -1
    if not 0 < ttl_s < 1e12:
        raise BadStoreAddress(
            "A folder's ttl must be a number of seconds.", "For example file:///srv/sessions?ttl=3600"
        )
    return ttl_s
