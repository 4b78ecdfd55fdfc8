"""Runs bulk changes in children and kills them with SIGKILL midway; for test_bulk_killed.py.

Argument: the store's URL. Reads orders, one JSON object a line: `{"act": "expire" or "delete", "days": 3, "packets": 5}`. The child is
killed right after it has announced its fifth packet (0: never). Answers with how many packets were announced.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from inspector.core.expiry import RelativeExpiry
from inspector.services.bulk.bulk_changes import delete_sessions, expire_sessions
from inspector.services.bulk.selection import Selection
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.sessions.journal import Journal
from store_adapters.contract import CancelToken
from store_adapters.options import Limits
from store_adapters.registry import open_store

DAY_MS = 86_400_000


def act(url: str, order: dict[str, Any], announce: int) -> None:
    """Do the whole bulk change, and write a byte before each packet."""
    store = open_store(url)
    catalogue = Catalogue(store)
    for batch in store.list_records(CancelToken()):
        catalogue.append(batch)
    store.close()

    def tell(_words: str) -> None:
        os.write(announce, b".")

    store = open_store(url, limits=Limits(on_command=tell))
    selection, journal, stop = Selection(catalogue, range(catalogue.total)), Journal(), CancelToken()
    if order["act"] == "expire":
        steps = expire_sessions(store, selection, RelativeExpiry(order["days"] * DAY_MS), journal, stop)
    else:
        steps = delete_sessions(store, selection, journal, stop)
    for _ in steps:
        pass


def main(url: str) -> None:
    for line in sys.stdin:
        order = json.loads(line)
        heard, announce = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(heard)
            act(url, order, announce)
            os._exit(0)
        os.close(announce)
        count = 0
        while os.read(heard, 1):
            count += 1
            if count == order["packets"]:
                os.kill(child, signal.SIGKILL)
        os.close(heard)
        os.waitpid(child, 0)
        print(count, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
