"""More of row F51: a MongoDB that is killed under a listing, restarted, or found while it starts up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from store_adapters.address import parse_address
from store_adapters.contract import CancelToken, RawRecord, SessionStore
from store_adapters.errors import StoreUnreachable
from store_adapters.mongo.link import MongoLink
from store_adapters.options import Limits
from tests.faults.mongo.rigs import MakeMongo, MongoRig
from tests.faults.proxy import Fault, Kind, Proxy
from tests.faults.redis.rigs import assert_told, assert_usable, told
from tests.servers import missing, mongod_binary, start_mongod

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]


def test_f51_server_killed_under_a_listing_makes_it_incomplete(make_mongo: MakeMongo, open_at: Opener) -> None:
    rig = make_mongo()
    rig.collection.insert_many({"_id": f"s{number}", "session": "{}"} for number in range(9000))
    store = open_at(rig.url)
    batches = iter(store.list_records(CancelToken()))
    read = len(next(batches).keys)
    rig.server.process.kill()
    rig.server.process.wait()
    make_mongo(again=rig)
    with pytest.raises(StoreUnreachable) as lost:
        for batch in batches:
            read += len(batch.keys)
    assert read < 9000
    assert_told(told(lost.value), ".")
    assert_usable(store, rig)


def _looks_at(store: SessionStore) -> tuple[Callable[[], bool], ...]:
    """Return each way of asking a store that holds the session "a" alone, and whether the answer was right."""
    ref = store.ref_for("a")
    return (
        lambda: [key for batch in store.list_records(CancelToken()) for key in batch.keys] == [ref.key],
        lambda: store.read(ref).ref == ref,
        lambda: [one.ref for one in store.read_many([ref]) if isinstance(one, RawRecord)] == [ref],
        lambda: store.count().number == 1,
        lambda: store.info().product == "MongoDB",
    )


@pytest.mark.parametrize("is_replica_set", [True, False])
def test_f51_server_that_was_restarted_is_listed_and_read_at_once(
    make_mongo: MakeMongo, open_at: Opener, is_replica_set: bool
) -> None:
    """All that the pools keep is dead. Each command in turn is the first, of a store of its own."""
    rig = make_mongo(is_replica_set=is_replica_set)
    rig.put("a")
    rig.collection.database["of_shop"].insert_one({"_id": "shop:a", "session": "{}"})
    urls = rig.url, rig.url.replace("collection=sessions", "collection=of_shop&prefix=shop:")
    orders: list[tuple[Callable[[], bool], ...]] = []
    for url in urls:
        for first in range(len(_looks_at(open_at(url)))):
            looks = _looks_at(open_at(url))
            orders.append((*looks[first:], *looks[:first]))
    assert all(is_right() for order in orders for is_right in order)
    rig.server.process.terminate()
    rig.server.process.wait(timeout=30)
    make_mongo(again=rig)
    assert all(is_right() for order in orders for is_right in order)


def test_f51_look_that_finds_its_connection_dead_is_sent_once_more(any_mongo_rig: MongoRig, open_at: Opener) -> None:
    any_mongo_rig.put()
    with Proxy(any_mongo_rig.server.port) as proxy:
        url = any_mongo_rig.url.replace(f":{any_mongo_rig.server.port}/", f":{proxy.port}/")
        # The driver's own watch sends nothing meanwhile.
        looks = _looks_at(open_at(f"{url}&heartbeatFrequencyMS=60000"))
        for is_right_again in looks:
            assert all(is_right() for is_right in looks)
            proxy.fault = Fault(Kind.RST, once=True)
            assert is_right_again()
            assert proxy.hits == 1


def test_f51_connection_made_while_the_server_starts_up_is_made_anew(tmp_path: Path) -> None:
    """The driver would say for ever that this server has no sessions."""
    binary = mongod_binary()
    if binary is None:
        missing("mongod")
    links: list[MongoLink] = []

    def connect(url: str) -> None:
        links.append(MongoLink(parse_address(f"{url}/app?directConnection=true"), Limits()))
        with pytest.raises(StoreUnreachable) as early, links[0].errors():
            links[0].collection().find_one({})
        assert_told(told(early.value), "still starting up")

    server = start_mongod(str(binary), str(tmp_path), at_start=connect)
    (link,) = links
    try:
        for _ in range(2):
            with contextlib.suppress(StoreUnreachable), link.errors(), link.client.start_session() as session:
                link.collection().find_one({}, session=session)
        with link.errors(), link.client.start_session() as session:
            assert link.collection().find_one({}, session=session) is None
    finally:
        link.close()
        server.stop()
