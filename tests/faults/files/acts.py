"""What is done to a folder of session files by a process of its own: one that is no root, has a limit, is failed or killed.

`python -m tests.faults.files.acts once '{"act": …}'` does one thing and prints what was said and what is there afterwards. With
`serve` it reads such lines, and forks for each a process that waits for SIGUSR1 first: strace can be attached to it meanwhile, so that
"the Nth call" counts the calls of the act alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from inspector.core.edits import SetValue, apply_edit
from inspector.core.node import Node, find_member, text_node
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import OpenedSession, open_session
from inspector.services.sessions.save_session import SaveState, save_session
from inspector.services.settings.profiles import Profile, ProfileBook
from store_adapters.errors import OutcomeUnknown, StoreError
from store_adapters.registry import open_store

SAVED, REFUSED, UNKNOWN, BROKEN = 10, 11, 12, 13
"""How a process ends: it is saved; it was told that nothing was written; it is not known; something else came out."""


def save_file(order: dict[str, Any]) -> tuple[int, str]:
    """Edit the role of the session `sid`; `size` makes the new one that long."""
    with contextlib.closing(open_store(f"file://{order['folder']}")) as store:
        opened = open_session(store, store.ref_for(order.get("sid", "a")))
        role = "x" * order["size"] if "size" in order else "admin"
        outcome = save_session(store, opened, _edited(opened, role), Journal())
    codes = {SaveState.SAVED: SAVED, SaveState.UNKNOWN: UNKNOWN}
    return codes.get(outcome.state, REFUSED), outcome.message


def _edited(opened: OpenedSession, role: str) -> Node:
    assert opened.decoded is not None
    root = opened.decoded.root
    place = find_member(root, "role")
    assert place is not None
    return apply_edit(root, SetValue((place,), text_node(role)))[0]


def delete_file(order: dict[str, Any]) -> tuple[int, str]:
    with contextlib.closing(open_store(f"file://{order['folder']}")) as store:
        store.delete(store.read(store.ref_for(order.get("sid", "a"))))
    return SAVED, ""


def create_file(order: dict[str, Any]) -> tuple[int, str]:
    with contextlib.closing(open_store(f"file://{order['folder']}")) as store:
        made = store.create(store.ref_for("made"), b'{"cookie":{},"__lastAccess":1}', None)
    return SAVED, made.note


def read_file(order: dict[str, Any]) -> tuple[int, str]:
    with contextlib.closing(open_store(f"file://{order['folder']}")) as store:
        store.read(store.ref_for(order.get("sid", "a")))
    return SAVED, ""


def save_config(order: dict[str, Any]) -> tuple[int, str]:
    """Add the profile `new`."""
    try:
        ProfileBook(Path(order["folder"])).put(Profile(id="new", name="new", url="memory:new"))
    except OSError as error:
        return REFUSED, f"The settings could not be kept: {error.strerror}."
    return SAVED, ""


ACTS = {
    "save": save_file, "delete": delete_file, "create": create_file, "read": read_file, "config": save_config,
}  # fmt: skip


def _act(order: dict[str, Any]) -> tuple[int, str]:
    try:
        return ACTS[order["act"]](order)
    except OutcomeUnknown as error:
        return UNKNOWN, f"{error.message} {error.remedy}"
    except StoreError as error:
        return REFUSED, f"{error.message} {error.remedy}"
    except Exception as error:
        return BROKEN, f"{type(error).__name__} came out"


def _limit(order: dict[str, Any]) -> None:
    if "largest" in order:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest"], order["largest"]))
    if order.get("is_nobody") and os.getuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)


def _warm_up() -> None:
    """Do everything once: what is imported on the way must not be among the calls that are counted."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.json").write_text('{"cookie":{},"role":"user"}')
        for act in ("save", "create", "read", "delete", "config"):
            _act({"act": act, "folder": folder})
        (Path(folder) / "a.json").mkdir()
        _act({"act": "save", "folder": folder})


def once(order: dict[str, Any]) -> None:
    _warm_up()  # nobody may not read every module of root's
    folder = Path(order["folder"])
    if "content" in order:
        (folder / "a.json").write_text(order["content"])
    _limit(order)
    code, words = _act(order)
    seen = {}
    for name in sorted(os.listdir(folder)):
        path = folder / name
        seen[name] = path.read_text() if path.is_file() and os.access(path, os.R_OK) else None
    print(json.dumps({"code": code, "words": words, "files": seen}))


def serve() -> None:
    _warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        ready_read, ready_write = os.pipe()
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # any process may trace this one
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
            os.write(ready_write, b"r")
            signal.sigwait({signal.SIGUSR1})
            code, words = _act(order)
            with contextlib.suppress(OSError):  # the call that fails may be this one
                os.write(1, (words.replace("\n", " ") + "\n").encode())
            os._exit(code)
        os.read(ready_read, 1)
        os.close(ready_read)
        os.close(ready_write)
        os.write(1, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        os.write(1, f"={os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        once(json.loads(sys.argv[2]))
