"""A MongoDB client with time limits that hold, and its errors in our words; knows no sessions."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from store_adapters.address import MONGO_OWN_OPTIONS, format_address
from store_adapters.command_words import OnCommand, mongo_command
from store_adapters.errors import (
    BadStoreAddress,
    Interrupted,
    RecordChanged,
    RecordExists,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.options import Limits, StoreAddress


class MongoLink:
    """Makes a client when first used, and another one after `interrupt`.

    `is_for_listing`: each answer is waited for as long, but a call sends the server no deadline, which it refuses for what
    follows the first batch of a listing.
    """

    def __init__(self, address: StoreAddress, limits: Limits, *, is_for_listing: bool = False) -> None:
        self._address = address
        self._limits = limits
        self._is_for_listing = is_for_listing
        self._client: Any = None
        self._is_interrupted = False
        # At DEBUG the driver logs every document.
        logging.getLogger("pymongo").setLevel(logging.WARNING)

    @property
    def client(self) -> Any:
        if self._client is None:
            self._is_interrupted = False
            self._client = self._connect()
        return self._client

    def database(self) -> Any:
        return self.client[self._address.path or "test"]

    def collection(self) -> Any:
        """Return the collection with raw BSON documents."""
        from store_adapters.mongo_document import raw_options

        return self.database().get_collection(self._address.options.get("collection", "sessions"), raw_options())

    def interrupt(self) -> None:
        """From any thread: make the running call end as `Interrupted` within half a second."""
        client, self._client = self._client, None
        if client is not None:
            self._is_interrupted = True
            # `close` first asks the server to end the driver's sessions, for 13 s where it hangs: it forgets them.
            client._topology.pop_all_sessions()
            _close_aside(client)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _close_aside(client)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the driver's exceptions into ours."""
        from pymongo.errors import PyMongoError

        try:
            yield
        except PyMongoError as error:
            if self._is_interrupted:
                raise Interrupted("The call was stopped.") from None
            raise describe_error(error) from None

    def _connect(self) -> Any:
        from pymongo import MongoClient
        from pymongo.errors import ConfigurationError, InvalidURI

        address, limits = self._address, self._limits
        options = {name: value for name, value in address.options.items() if name not in MONGO_OWN_OPTIONS}
        deadline: dict[str, Any] = {"timeoutMS": round((limits.call_s + 1) * 1000)}
        if self._is_for_listing:
            options.pop("timeoutMS", None)
            deadline = {"socketTimeoutMS": deadline["timeoutMS"]}
        concern: dict[str, Any] = {} if "w" in options else {"w": "majority"}
        plain = StoreAddress(address.scheme, address.hosts, address.path, address.user, address.password, options)
        try:
            with warnings.catch_warnings():
                # The driver only warns of an option it does not understand, and then goes on without it.
                warnings.simplefilter("error", UserWarning)
                return MongoClient(
                    format_address(plain, with_password=True),
                    serverSelectionTimeoutMS=round(limits.connect_s * 1000),
                    connectTimeoutMS=round(limits.connect_s * 1000),
                    **deadline,
                    retryReads=False,
                    **concern,
                    retryWrites=options.get("retryWrites", "true") == "true",
                    maxPoolSize=4,
                    appname=None,
                    event_listeners=_listeners(limits.on_command),
                    tz_aware=True,
                )
        except (ConfigurationError, InvalidURI, ValueError, UserWarning):
            # The driver's text may quote the address with its password.
            raise BadStoreAddress(
                "MongoDB's driver cannot use this address.", "Check hosts and options; mongodb+srv needs a DNS entry."
            ) from None


def _close_aside(client: Any) -> None:
    """Close a client without waiting: it speaks to the server once more, and the caller may be the GUI thread."""
    threading.Thread(target=client.close, name="closing MongoDB", daemon=True).start()


def _listeners(on_command: OnCommand | None) -> list[Any]:
    """Return what the driver tells of each command that it sends."""
    if on_command is None:
        return []
    tell = on_command
    from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

    class Told(CommandListener):
        def started(self, event: CommandStartedEvent) -> None:
            tell(mongo_command(event.command_name, event.command))

        def succeeded(self, event: CommandSucceededEvent) -> None:
            """The answer is not told."""

        def failed(self, event: CommandFailedEvent) -> None:
            """The caller is told."""

    return [Told()]


def describe_error(error: Exception) -> StoreError:
    """Return our words for a driver's exception; its own text can quote documents and is not shown."""
    from pymongo import errors

    match error:
        case errors.DuplicateKeyError():
            return RecordExists("There is a session with this ID already.", "Choose another ID.")
        case errors.DocumentTooLarge():
            return StoreRefused("The document would be larger than MongoDB allows (16 MB).", "Nothing was written.")
        case errors.NotPrimaryError():
            return StoreReadOnly("This server is not the primary and takes no writes.", "Connect to the replica set.")
        case errors.ServerSelectionTimeoutError():
            return StoreUnreachable(
                "No MongoDB server answered there.",
                "Check that it runs, and host, port and replica set in the address.",
            )
        case errors.NetworkTimeout() | errors.ExecutionTimeout() | errors.WTimeoutError():
            return StoreUnreachable(
                "The MongoDB server did not answer in time.", "It may hang or be overloaded; try again."
            )
        case errors.CursorNotFound():
            return StoreUnreachable("The MongoDB server lost the listing: the list is incomplete.", "Refresh.")
        case errors.ConnectionFailure():
            return StoreUnreachable("The connection to MongoDB broke.", "Check that the server runs, then try again.")
        case errors.OperationFailure():
            return _describe_code(error.code or 0)
        case errors.PyMongoError():
            return RecordUnreadable(
                "MongoDB's driver refused the document.", "It may hold a name MongoDB cannot store."
            )
    return StoreRefused("MongoDB refused the command.")


def _describe_code(code: int) -> StoreError:
    match code:
        case 18 | 11:
            return StoreRefused("MongoDB refused the user name or password.", "Check user, password and authSource.")
        case 13 | 8000:
            return StoreRefused("This MongoDB user has no permission for that.", "Ask for readWrite on the database.")
        case 112 | 251 | 246:
            return RecordChanged("The session was changed since it was read; nothing was written.", "Read it again.")
        case 10107 | 13435 | 10058:
            return StoreReadOnly("This server is not the primary and takes no writes.", "Connect to the replica set.")
        case 50 | 89 | 262:
            return StoreUnreachable(
                "The MongoDB server did not answer in time.", "It may hang or be overloaded; try again."
            )
        case 121:
            return StoreRefused("The collection's validation refused the document; nothing was written.")
        case 11000:
            return RecordExists("There is a session with this ID already.", "Choose another ID.")
        case _:
            return StoreRefused(f"MongoDB refused the command (code {code}).", "Nothing was written.")
