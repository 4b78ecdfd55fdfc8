"""The decoder's process with a decoder that hangs, takes 3 GB or ends its process, as the record asks; for tests."""

from __future__ import annotations

import ctypes
import time
from typing import Any

from inspector.codecs import Decoded, decode
from inspector.services.sessions.decoder import serve

HANG, EAT, CRASH, RAISE = b'{"act":"hang"', b'{"act":"eat"', b'{"act":"crash"', b'{"act":"raise"'


def misbehave(payload: bytes, *rest: Any, **options: Any) -> Decoded:
    if payload.startswith(HANG):
        time.sleep(600)
    if payload.startswith(EAT):
        bytearray(3 << 30)
    if payload.startswith(CRASH):
        ctypes.string_at(0)
    if payload.startswith(RAISE):
        raise UnboundLocalError("quoted: s3cr3t")
    return decode(payload, *rest, **options)


if __name__ == "__main__":
    serve(misbehave)
