"""The MongoDB half of the fault kit: own mongods that are stopped, killed and brought back, and fail points inside them.

`mongo_rig` is a replica set of one, `lone_rig` a server by itself (no transactions): both are shared by a module's tests, each of
which has a database of its own; `make_mongo` starts one that a test may kill. `rig.fail(…)` has the server fail the next
commands. What every row asserts, and how a row is named, stands in redis_rigs.
"""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import bson
import pymongo
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from tests.faults.redis.rigs import session_bytes
from tests.servers import Server, missing, mongod_binary, start_mongod

ENDS = bson.datetime_ms.DatetimeMS(1_900_000_000_000)
MakeMongo = Callable[..., "MongoRig"]


@dataclass(slots=True)
class MongoRig:
    """A mongod, the database of one test, and the application's own client."""

    server: Server
    folder: str
    is_replica_set: bool
    client: pymongo.MongoClient[dict[str, Any]] = field(repr=False)
    database: str = field(default_factory=lambda: f"test_{uuid.uuid4().hex[:12]}")

    @property
    def url(self) -> str:
        return f"{self.server.url}/{self.database}?directConnection=true&collection=sessions"

    @property
    def collection(self) -> Any:
        return self.client[self.database]["sessions"]

    def put(self, sid: str = "a", **more: Any) -> bytes:
        """Store a session as connect-mongo does, its session as JSON text; return the text."""
        text = session_bytes(**more).decode()
        self.put_document(bson.encode({"_id": sid, "expires": ENDS, "session": text}))
        return text.encode()

    def put_document(self, document: bytes) -> None:
        raw = RawBSONDocument(document)
        self.collection.replace_one({"_id": raw["_id"]}, raw, upsert=True)

    def stored(self, sid: str = "a") -> bytes | None:
        """Return the session's text."""
        found = self.collection.find_one({"_id": sid})
        return None if found is None else found["session"].encode()

    def document(self, sid: str = "a") -> bytes | None:
        """Return the document's own bytes."""
        options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
        found = self.collection.with_options(options).find_one({"_id": sid})
        return None if found is None else bytes(found.raw)

    @contextlib.contextmanager
    def fail(self, *commands: str, times: int | str = 1, skip: int = 0, **data: Any) -> Iterator[None]:
        """Have the server fail these commands: `errorCode=…`, `closeConnection=True`, `blockConnection=True, blockTimeMS=…`,
        `writeConcernError={…}`. The application's own client is not spared: it asks for other commands meanwhile."""
        mode: Any = "alwaysOn" if times == "always" else {"times": times}
        if skip:
            mode = {"skip": skip}
        point = {"configureFailPoint": "failCommand", "mode": mode, "data": {"failCommands": list(commands), **data}}
        self.client.admin.command(point)
        try:
            yield
        finally:
            self.client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


@pytest.fixture(scope="module")
def make_mongo() -> Iterator[MakeMongo]:
    """Start mongods: `make_mongo(is_replica_set=…)`; `again=rig` brings one back that was killed."""
    # Clients are closed before any server is killed: one whose server is gone looks for it for 10 s first.
    with contextlib.ExitStack() as stack, contextlib.ExitStack() as clients:

        def make(*, is_replica_set: bool = True, again: MongoRig | None = None) -> MongoRig:
            binary = mongod_binary()
            if binary is None:
                missing("mongod")
            if again is not None:
                again.server = start_mongod(
                    str(binary), again.folder, port=again.server.port, is_replica_set=again.is_replica_set
                )
                stack.callback(again.server.process.wait)
                stack.callback(again.server.process.kill)
                return again
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            server = start_mongod(str(binary), folder, is_replica_set=is_replica_set)
            stack.callback(server.process.wait)
            stack.callback(server.process.kill)
            client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
                server.url, directConnection=True, serverSelectionTimeoutMS=10_000
            )
            clients.callback(client.close)
            return MongoRig(server, folder, is_replica_set, client)

        yield make


def _of_one_test(rig: MongoRig) -> MongoRig:
    rig.database = f"test_{uuid.uuid4().hex[:12]}"
    return rig


@pytest.fixture(scope="module")
def _replica_set(make_mongo: MakeMongo) -> MongoRig:
    return make_mongo()


@pytest.fixture(scope="module")
def _lone_server(make_mongo: MakeMongo) -> MongoRig:
    return make_mongo(is_replica_set=False)


@pytest.fixture
def mongo_rig(_replica_set: MongoRig) -> MongoRig:
    return _of_one_test(_replica_set)


@pytest.fixture
def lone_rig(_lone_server: MongoRig) -> MongoRig:
    return _of_one_test(_lone_server)


@pytest.fixture(params=["replica set", "lone"])
def any_mongo_rig(request: pytest.FixtureRequest) -> MongoRig:
    """Both in turn."""
    found: MongoRig = request.getfixturevalue("mongo_rig" if request.param == "replica set" else "lone_rig")
    return found
