"""Reads records; large ones in a separate process, which can be killed.

A parser written in C holds the interpreter, and so the window, for as long as it runs; a record made for it could take all memory
or end the process. So a record above `IN_PROCESS_BYTES`, or one that unpacks to more, is read by a child: started when first needed,
kept for the next, with limits of time and memory, and started again after it was killed or died. Requests and answers are the
plain bytes of `codecs/_wire.py`, never a pickle. Secrets cross by the pipe only.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from inspector.codecs import (
    MAX_BYTES,
    NOT_READ,
    Attempt,
    CodecError,
    Decoded,
    OpeningKeys,
    Summary,
    TooLargeError,
    decode,
    encode,
    pack_decoded,
    pack_error,
    pack_request,
    pack_summary,
    read_answer,
    read_request,
    read_summary,
    summarise,
)
from inspector.core.node import Node
from inspector.core.secret import Secret
from inspector.services.checkpoint import checkpoint
from store_adapters.portability import forbid_core_dump, limit_memory

if TYPE_CHECKING:
    import subprocess

IN_PROCESS_BYTES = 256 * 1024
MEMORY_BYTES = 1 << 30
TIME_LIMIT_S = 20.0
SERVE_ARGUMENT, PLUGINS_ARGUMENT = "--decode-records", "--plugins"
_MOST_BYTES = MAX_BYTES + 1024 * 1024
_MOST_ANSWER_BYTES = 512 * 1024 * 1024
# Python puts the folder it starts in before all others: never one that a stranger may have filled.
_ROOT = Path(__file__).resolve().parents[3]
_HEAD = struct.Struct(">Q")
_OUT_OF_MEMORY = b""

Decode = Callable[..., Decoded]
UserPath = tuple[str | int, ...]
_T = TypeVar("_T")


class DecoderError(CodecError):
    """The record could not be read within the decoder's limits; the program goes on."""

    def __init__(self, words: str) -> None:
        super().__init__(words, (Attempt("decoder", words, is_limit=True),))


def decode_record(payload: bytes, form: str, secrets: Sequence[Secret] = (), session_id: str = "") -> Decoded:
    """Read a stored record as `codecs.decode` does. `CodecError`, for every record there is: `DecoderError` for one that took
    too long, too much memory, or ended the decoder."""
    if len(payload) <= IN_PROCESS_BYTES:
        try:
            return decode(payload, form, secrets, session_id, max_bytes=IN_PROCESS_BYTES)
        except TooLargeError:
            pass  # it unpacks to more
        except CodecError:
            raise
        except Exception as error:  # the border to hostile data: whatever a parser raises has this one name
            raise _fault(error) from None
    if len(payload) > _MOST_BYTES:
        raise DecoderError(f"It is larger than {MAX_BYTES >> 20} MB, too large for a tree.")
    return DECODER.decode(payload, form, secrets, session_id)


def encode_record(decoded: Decoded, root: Node) -> bytes:
    """Return the payload with `root` in it, as `codecs.encode` does; what is large is read again by the child."""
    keys = decoded.keys
    return encode(decoded, root, lambda payload: decode_record(payload, keys.form, keys.secrets, keys.session_id))


def summarise_record(
    payload: bytes, form: str, user_paths: Sequence[UserPath] = (), secrets: Sequence[Secret] = (), session_id: str = ""
) -> Summary:
    """Return what the list shows of a record, however large; never raises. `NOT_READ` for what met a limit."""
    summary = summarise(payload, form, user_paths, secrets, session_id, is_quick=False)
    if summary != NOT_READ or len(payload) > _MOST_BYTES:
        return summary
    try:
        return DECODER.summarise(payload, form, user_paths, secrets, session_id)
    except CodecError:
        return NOT_READ


def _fault(error: Exception) -> DecoderError:
    return DecoderError(f"Reading it failed in the decoder ({type(error).__name__}).")


class DecoderProcess:
    """The child and its pipes; one record at a time, from any thread. `command` starts what runs `serve`."""

    def __init__(self, command: Sequence[str] = (), time_limit_s: float = TIME_LIMIT_S) -> None:
        self._command = list(command)
        self._time_limit_s = time_limit_s
        self._has_plugins = False
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process number, None when none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def use_plugins(self) -> None:
        """Have the child load the packages of others too, as this process has: they may bring formats."""
        with self._lock:
            if not self._has_plugins:
                self._has_plugins = True
                self.close()

    def decode(self, payload: bytes, form: str, secrets: Sequence[Secret] = (), session_id: str = "") -> Decoded:
        """Have the child read a record. `CodecError` as in `codecs.decode`, `DecoderError` where it met a limit."""
        keys = OpeningKeys(tuple(secrets), session_id, form)
        answer = self._answer(pack_request(payload, keys, MAX_BYTES))
        return self._read(lambda: read_answer(answer, payload, keys, checkpoint))

    def summarise(
        self, payload: bytes, form: str, user_paths: Sequence[UserPath], secrets: Sequence[Secret], session_id: str
    ) -> Summary:
        """Have the child say what the list shows of a record. `DecoderError` where it met a limit."""
        keys = OpeningKeys(tuple(secrets), session_id, form)
        answer = self._answer(pack_request(payload, keys, MAX_BYTES, user_paths))
        return self._read(lambda: read_summary(answer))

    def _answer(self, request: bytes) -> bytes:
        with self._lock:
            answer = self._ask(request)
        if answer == _OUT_OF_MEMORY:
            raise DecoderError(f"Reading it takes more memory than {MEMORY_BYTES >> 20} MB; it was stopped.")
        return answer

    def _read(self, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except CodecError:
            raise
        except Exception as error:  # not an answer of ours
            self.close()
            raise _fault(error) from None

    def close(self) -> None:
        """End the child, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what was not sent yet
                    pipe.close()  # type: ignore[union-attr]

    def _ask(self, request: bytes) -> bytes:
        process = self._running()
        is_late = threading.Event()

        def give_up() -> None:
            is_late.set()
            process.kill()

        watch = threading.Timer(self._time_limit_s, give_up)
        watch.daemon = True
        watch.start()
        try:
            assert process.stdin is not None and process.stdout is not None
            _send(process.stdin, request)
            answer = _receive(process.stdout)
        except OSError:
            answer = None
        finally:
            watch.cancel()
        if answer is None or is_late.is_set():
            self.close()
        if is_late.is_set():
            raise DecoderError(f"Reading it takes longer than {self._time_limit_s:g} s; it was stopped.")
        if answer is None:
            raise DecoderError("Reading it ended the decoder, which was started again. The program itself goes on.")
        if answer == _OUT_OF_MEMORY:
            self.close()
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        import subprocess  # when a large record comes: the start of the window is quicker

        if self.pid is None:
            self.close()
            self._process = subprocess.Popen(
                self._command or own_command(has_plugins=self._has_plugins),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            atexit.register(self.close)
        assert self._process is not None
        return self._process


def serve(
    read: Decode = decode, time_limit_s: float = TIME_LIMIT_S, prepare: Callable[[], object] = lambda: None
) -> None:
    """Be the child: answer requests on standard input until it ends. `prepare`: what is loaded before the limits hold; what it
    prints goes nowhere."""
    requests, answers = _take_pipes()
    prepare()
    _limit_self()
    gc.disable()  # a tree has no cycles, and looking for some takes longer than reading
    while (request := _receive(requests)) is not None:
        _set_alarm(int(time_limit_s) + 2)
        try:
            answer = _answer(request, read)
        except MemoryError:
            answer = _OUT_OF_MEMORY
        _set_alarm(0)
        _send(answers, answer)


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Return standard input and output, and leave nothing in their place that somebody's print could reach."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, answers


def _answer(request: bytes, read: Decode) -> bytes:
    payload, keys, max_bytes, user_paths = read_request(request)
    try:
        if user_paths is not None:
            found = (keys.form, user_paths, keys.secrets, keys.session_id)
            return pack_summary(summarise(payload, *found, is_quick=False, max_bytes=max_bytes))
        return pack_decoded(read(payload, keys.form, keys.secrets, keys.session_id, max_bytes=max_bytes))
    except CodecError as error:
        return pack_error(error)
    except MemoryError:
        raise
    except Exception as error:  # the border to hostile data
        return pack_error(_fault(error))


def _limit_self() -> None:
    # Where there are no limits (Windows), the time limit still holds.
    limit_memory(MEMORY_BYTES)
    forbid_core_dump()


def _set_alarm(seconds: int) -> None:
    # Ends this process even inside C code, should nobody be left to kill it.
    import signal

    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_HEAD.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """Return the next message, None at the end of the pipe."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    (size,) = _HEAD.unpack(head)
    if size > _MOST_ANSWER_BYTES:
        return None
    data = pipe.read(size)
    return data if len(data) == size else None


def own_command(*, has_plugins: bool) -> list[str]:
    """Return what starts the child. A frozen program is its own interpreter, and knows these arguments (inspector/__main__.py)."""
    module = [] if getattr(sys, "frozen", False) else ["-m", "inspector"]
    return [sys.executable, *module, SERVE_ARGUMENT, *((PLUGINS_ARGUMENT,) if has_plugins else ())]


DECODER = DecoderProcess()
"""The program's decoder; nothing is started before it is needed."""
