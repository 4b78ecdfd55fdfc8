"""A MongoDB client with time limits that hold, and its errors in our words."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from store_adapters.address import format_address
from store_adapters.command_words import OnCommand, mongo_command
from store_adapters.errors import (
    BadStoreAddress,
    Interrupted,
    NotConnected,
    RecordChanged,
    RecordExists,
    RecordUnreadable,
    StoreError,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from store_adapters.known_kinds import unused_options
from store_adapters.mongo.kind import MONGO_OWN_OPTIONS
from store_adapters.options import Limits, StoreAddress

_T = TypeVar("_T")
_GOODBYE_S = 0.3
_NEITHER_PRIMARY_NOR_SECONDARY = 13436
_ATLAS, _WRONG_LOGIN = 8000, 18


class MongoLink:
    """Makes a client when first used, and another one after `interrupt`.

    `is_for_listing`: it reads where the address prefers to, and nothing else does. Each answer is waited for as long, but a
    call sends the server no deadline, which it refuses for what follows the first batch of a listing.
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
        from store_adapters.mongo.document import raw_options

        # A write, and what is read to compare or to confirm it, is the primary's, wherever the address would read.
        preference = None if self._is_for_listing else primary()
        name = self._address.options.get("collection", "sessions")
        return self.database().get_collection(name, raw_options(), read_preference=preference)

    def reading(self, ask: Callable[[Any], _T]) -> _T:
        """Return what `ask(collection)` reads, asked again where the connection was dead, as all that a client kept are once
        its server was restarted. Never for what writes. The driver's exceptions pass.
        """
        from pymongo.errors import AutoReconnect

        collection = self.collection()  # the same for both: one that was interrupted meanwhile stays closed
        try:
            return ask(collection)
        except AutoReconnect as error:
            # Of the kinds below it, one says that nobody is there, and the others that the server does answer, or is late.
            if type(error) is not AutoReconnect or self._is_interrupted:
                raise
        return ask(collection)

    def interrupt(self) -> None:
        """From any thread, and without waiting: make the running call end as `Interrupted`, at the latest when its time is up."""
        client, self._client = self._client, None
        if client is not None:
            self._is_interrupted = True
            _close_aside(client)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _close_aside(client)

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn the driver's exceptions into ours."""
        from bson.errors import BSONError
        from pymongo.errors import PyMongoError

        try:
            yield
        except (PyMongoError, BSONError) as error:  # a document too large is of the second kind
            raise self.describe(error) from None

    @property
    def is_interrupted(self) -> bool:
        return self._is_interrupted

    def describe(self, error: Exception) -> StoreError:
        """Return our words for a driver's exception, `Interrupted` where somebody stopped the call."""
        from pymongo.errors import ConfigurationError

        if self._is_interrupted:
            return Interrupted("The call was stopped.")
        if isinstance(error, ConfigurationError):
            self.close()
            if "Sessions are not supported" in str(error):
                # A connection made while the server was starting up believes forever that it has none.
                return _starting()
            return _unusable(self._address, str(error))
        return describe_error(error)

    def _connect(self) -> Any:
        from pymongo import MongoClient
        from pymongo.errors import ConfigurationError, InvalidURI

        address, limits = self._address, self._limits
        own = MONGO_OWN_OPTIONS | frozenset(unused_options(address.options))
        options = {name: value for name, value in address.options.items() if name not in own}
        call_ms = round(limits.call_s * 1000)
        deadline: dict[str, Any] = {"socketTimeoutMS" if self._is_for_listing else "timeoutMS": call_ms}
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
                    maxPoolSize=4,
                    serverMonitoringMode="poll",  # after an error it looks again at once, not at the next heartbeat
                    event_listeners=_listeners(limits.on_command),
                    tz_aware=True,
                )
        except (ConfigurationError, InvalidURI, ValueError, TypeError, OSError, UserWarning) as error:
            # The driver's text may quote the address with its password.
            raise _unusable(address, str(error)) from None


def _unusable(address: StoreAddress, words: str) -> BadStoreAddress:
    """Name what the driver refuses in an address. Its own `words` may quote values: names are looked for there, no more."""
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser_shared import split_options

    for name, value in address.options.items():
        if name in MONGO_OWN_OPTIONS or unused_options((name,)):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)
                split_options(f"{name}={quote(value)}")
        except (PyMongoError, ValueError, TypeError, UserWarning):
            return _refused(name)
        except OSError:
            return BadStoreAddress(f"The file given in option {name} can't be read.", "Check its path.")
    for name in address.options:
        if name not in MONGO_OWN_OPTIONS and len(name) > 2 and re.search(rf"\b{name}\b", words, re.IGNORECASE):
            return _refused(name)
    if address.user and not address.password and "authMechanism" not in address.options:
        return BadStoreAddress("The address has a user and no password.", "Give the password as well.")
    if address.scheme == "mongodb+srv":
        return BadStoreAddress(
            "The name in this mongodb+srv address can't be found in DNS.",
            "Check the name and the network, or use the mongodb:// address with all hosts.",
        )
    return BadStoreAddress(
        "MongoDB's driver cannot use this address.", "Check the hosts and that the options fit together."
    )


def _refused(name: str) -> BadStoreAddress:
    return BadStoreAddress(f"MongoDB's driver refuses the value of option {name}.", "Check its value.")


def primary() -> Any:
    """Return the read preference of everything that belongs to a write."""
    from pymongo.read_preferences import ReadPreference

    return ReadPreference.PRIMARY


def begin(session: Any) -> None:
    """Start a transaction, whatever the address says of reading: not every preference and read concern may have one."""
    from pymongo.read_concern import ReadConcern

    session.start_transaction(ReadConcern(), read_preference=primary())


def _close(client: Any) -> None:
    """Leave without waiting for a server that hangs: the driver would tell it goodbye first."""
    import pymongo

    with pymongo.timeout(_GOODBYE_S):
        client.close()


def is_late(error: Exception) -> bool:
    """True when the server did not answer in time: it may still carry out what it was asked."""
    from pymongo import errors

    # The driver's own watch over the server found it hanging first, and broke the call off.
    return isinstance(error, errors.NetworkTimeout) or type(error).__name__ == "_OperationCancelled"


def is_open(error: Exception) -> bool:
    """True when the server may have done, or may yet do, what it was asked."""
    from pymongo import errors

    if isinstance(error, errors.NotPrimaryError) and not error.has_error_label("UnknownTransactionCommitResult"):
        return False
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return bool(error.has_error_label("UnknownTransactionCommitResult"))
    return isinstance(
        error,
        errors.ConnectionFailure | errors.WTimeoutError | errors.WriteConcernError
        | errors.InvalidOperation,
    ) or (isinstance(error, errors.PyMongoError) and error.has_error_label("UnknownTransactionCommitResult"))  # fmt: skip


def is_unconfirmed(error: Exception) -> bool:
    """True when the server has written, but not to as many of its kind as was asked for."""
    from pymongo import errors

    return isinstance(error, errors.WriteConcernError | errors.WTimeoutError)


def _close_aside(client: Any) -> None:
    """Close a client without waiting: it speaks to the server again, and the caller may be the GUI thread."""
    threading.Thread(target=_close, args=(client,), name="closing MongoDB", daemon=True).start()


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


_LOST_CURSOR = (43, 175, 237)
"""CursorNotFound, QueryPlanKilled, CursorKilled: which one depends on whether the server was just reading for it."""


def describe_error(error: Exception) -> StoreError:
    """Return our words for a driver's exception; its own text can quote documents and is not shown."""
    from bson.errors import BSONError
    from pymongo import errors

    match error:
        case errors.DuplicateKeyError():
            return RecordExists("A session with this ID already exists.", "Choose another ID.")
        case errors.DocumentTooLarge():
            return _too_large()
        case errors.NotPrimaryError() if _code_of(error) == _NEITHER_PRIMARY_NOR_SECONDARY:
            return _starting()
        case errors.NotPrimaryError():
            return StoreReadOnly("This server is not the primary and takes no writes.", "Connect to the replica set.")
        case errors.ServerSelectionTimeoutError():
            return _describe_no_server(error)
        case errors.ExecutionTimeout() | errors.WTimeoutError():
            return _late()
        case errors.AutoReconnect() if is_late(error):
            return _late()
        case errors.OperationFailure() if error.code in _LOST_CURSOR:
            return StoreUnreachable("The MongoDB server lost the listing: the list is incomplete.", "Refresh.")
        case errors.ConnectionFailure():
            return _describe_tls(str(error)) or StoreUnreachable(
                "The connection to MongoDB broke.", "Check that the server is running, then try again."
            )
        case errors.OperationFailure() if error.code == _ATLAS and "auth" in str(error):
            return _describe_code(_WRONG_LOGIN)
        case errors.OperationFailure():
            return _describe_code(error.code or 0)
        case errors.InvalidName():
            return StoreRefused("This isn't a valid MongoDB database or collection name.", "Check the address.")
        case errors.InvalidOperation() | errors.ConfigurationError():
            return StoreRefused("MongoDB's driver cannot do this with the options of the address.", "Check them.")
        case errors.PyMongoError() | BSONError():
            return RecordUnreadable(
                "MongoDB's driver refused the document.", "It may hold a name MongoDB cannot store."
            )
    return StoreRefused("MongoDB refused the command.")


def _describe_no_server(error: Any) -> StoreError:
    """Say why no server was found, by what the driver met at each; its words are compared and not shown."""
    faults = str(error)
    if told := _describe_tls(faults):
        return told
    if "for replica set name" in faults or "replica set named" in faults:
        return NotConnected(
            "The server doesn't belong to a replica set with that name.", "Check replicaSet in the address."
        )
    if any(words in faults for words in ("No primary available", "server_type: RS", "configured with internal")):
        return NotConnected(
            "The replica set has no reachable primary at the moment.",
            "It may be electing one: try again, and check that its hosts can be reached by their own names.",
        )
    if any(words in faults for words in ("Name or service", "nodename", "resolution", "No address associated")):
        return NotConnected("The host name can't be resolved.", "Check the host in the address.")
    if "connection closed" in faults and "refused" not in faults:
        return NotConnected(
            "The MongoDB server closed the connection at once.", "It may require TLS: add tls=true to the address."
        )
    return NotConnected(
        "No MongoDB server answered there.",
        "Check that it's running, and the host, port and replica set in the address.",
    )


def _describe_tls(text: str) -> StoreError | None:
    """Return our words where the driver's say that TLS failed."""
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate is not valid" in text:
        return NotConnected(
            "The server's certificate is not trusted.",
            "Name its CA file with tlsCAFile=FILE, or accept any with tlsAllowInvalidCertificates=true",
        )
    if "SSL" in text or "TLS" in text:
        return NotConnected(
            "The TLS connection failed.", "Check that the port uses TLS, and whether it requires a client certificate."
        )
    return None


def _describe_code(code: int) -> StoreError:
    match code:
        case 18 | 11:
            return StoreRefused("MongoDB refused the user name or password.", "Check user, password and authSource.")
        case 13 | 8000:
            return StoreRefused("This MongoDB user has no permission for that.", "Ask for readWrite on the database.")
        case 112 | 251 | 246:
            return RecordChanged()
        case 10107 | 13435 | 10058:
            return StoreReadOnly("This server is not the primary and takes no writes.", "Connect to the replica set.")
        case 50 | 89 | 262:
            return _late()
        case 10334 | 17419 | 17420:
            return _too_large()
        case 121:
            return StoreRefused("The collection's validation refused the document; nothing was written.")
        case 11000:
            return RecordExists("A session with this ID already exists.", "Choose another ID.")
        case _:
            return StoreRefused(f"MongoDB refused the command (code {code}).")


def _code_of(error: Any) -> int:
    details = error.details
    return int(details.get("code", 0)) if isinstance(details, Mapping) else 0


def _starting() -> StoreError:
    return StoreUnreachable("The MongoDB server is still starting up.", "Try again in a moment.")


def _late() -> StoreError:
    return StoreUnreachable("The MongoDB server did not answer in time.", "It may be hung or overloaded; try again.")


def _too_large() -> StoreError:
    return StoreRefused("The document would be larger than MongoDB allows (16 MB); nothing was written.")
