"""What MongoDB says of itself that bears on the sessions in it: its clock, its TTL indexes, who may come in, space not given back.

Source: insight.md 1.1. Asked with hello, listIndexes, collStats, getParameter and connectionStatus; only the right to read is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store_adapters.clock import now_ms
from store_adapters.contract import ServerFacts, clock_facts
from store_adapters.mongo.document import date_ms
from store_adapters.mongo.link import MongoLink


def server_facts(link: MongoLink, expires_field: str) -> ServerFacts:
    """Ask what the server allows and return it. `StoreError` where it doesn't answer."""
    from pymongo.errors import OperationFailure

    values: dict[str, Any] = {}
    refused: dict[str, str] = {}

    def ask(name: str, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except OperationFailure:
            refused[name] = f"{name} is not allowed to this user."
            return None

    with link.errors():
        asked_ms = now_ms()
        hello = link.client.admin.command("hello")
        answered_ms = now_ms()
        values |= clock_facts(asked_ms, date_ms(hello["localTime"]) or 0, answered_ms).values
        collection = link.collection()
        indexes = ask("listIndexes", lambda: collection.index_information())
        if indexes is None:
            refused["ttl_indexes"] = refused["ttl_field"] = refused["listIndexes"]
        else:
            found = {
                str(index["key"][0][0]): float(index["expireAfterSeconds"])
                for index in indexes.values()
                if "expireAfterSeconds" in index
            }
            values["ttl_indexes"], values["ttl_field"] = found, expires_field in found
            values["expires_field"] = expires_field
        told = ask("getParameter", lambda: link.client.admin.command("getParameter", 1, ttlMonitorEnabled=1))
        if told is None:
            refused["ttl_monitor"] = refused["getParameter"]
        elif "ttlMonitorEnabled" in told:
            values["ttl_monitor"] = bool(told["ttlMonitorEnabled"])
        sizes = ask("collStats", lambda: link.database().command("collStats", collection.name))
        if sizes is not None and "freeStorageSize" in sizes:
            values["free_bytes"], values["stored_bytes"] = sizes["freeStorageSize"], sizes["storageSize"]
        else:
            refused["free_bytes"] = refused.get("collStats", "This server doesn't say how much space is free.")
        status = ask("connectionStatus", lambda: link.client.admin.command("connectionStatus"))
        if status is not None:
            values["is_open"] = not status["authInfo"]["authenticatedUsers"] and _takes_anyone(link)
    return ServerFacts(values, refused)


def _takes_anyone(link: MongoLink) -> bool:
    """True where a user who never signed in may list the databases: there is no access control."""
    from pymongo.errors import OperationFailure

    try:
        link.client.admin.command("listDatabases", nameOnly=True)
    except OperationFailure:
        return False
    return True
