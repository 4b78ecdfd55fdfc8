"""MongoDB addresses that prefer other members for reading: writes, and what they compare with, stay with the primary."""

from __future__ import annotations

import pytest

from store_adapters.contract import CancelToken, ChangeExpiry, Delete, RecordRef, Replace
from store_adapters.errors import BadStoreAddress, NotConnected
from store_adapters.mongo.bson_bytes import key_of
from store_adapters.registry import open_store
from tests.faults.mongo.rigs import MongoRig

PREFERENCES = ("primaryPreferred", "secondaryPreferred", "nearest")


def url_of(rig: MongoRig, options: str) -> str:
    return f"{rig.server.url}/{rig.database}?replicaSet=rs0&{options}"


@pytest.mark.parametrize("options", [*(f"readPreference={one}" for one in PREFERENCES), "readConcernLevel=available",
                                     "readpreference=secondary", "readConcernLevel=linearizable"])  # fmt: skip
def test_every_write_is_done_whatever_the_address_prefers(mongo_rig: MongoRig, options: str) -> None:
    for sid in ("a", "b", "c", "d"):
        mongo_rig.put(sid)
    store = open_store(url_of(mongo_rig, options))
    try:
        a, b, c, d = (store.read(RecordRef(f"{mongo_rig.database}.sessions", key_of(sid))) for sid in "abcd")
        store.replace(a, a.payload.replace(b"alice", b"ALICE"))
        store.change_expiry(b, 1_950_000_000_000)
        store.delete(c)
        made = store.create(store.ref_for("e"), d.payload, 1_950_000_000_000)
        told = store.write_many([Replace(d, d.payload.replace(b"alice", b"ALICE")), Delete(made)])
        assert [isinstance(one, Exception) for one in told] == [False, False]
        again = [store.read(one.ref) for one in (a, b)]
        told = store.write_many([ChangeExpiry(one, 1_960_000_000_000) for one in again])
        assert [isinstance(one, Exception) for one in told] == [False, False]
        assert mongo_rig.collection.count_documents({}) == 3
        assert store.capabilities.can_write
    finally:
        store.close()


def test_listing_reads_where_the_address_prefers_to(mongo_rig: MongoRig) -> None:
    mongo_rig.put("a")
    store = open_store(url_of(mongo_rig, "readPreference=secondaryPreferred"))
    try:
        assert [key for batch in store.list_records(CancelToken()) for key in batch.keys] == [b"a"]
    finally:
        store.close()


def test_replica_set_of_another_name_is_told(mongo_rig: MongoRig) -> None:
    with pytest.raises(NotConnected) as caught:
        open_store(f"{mongo_rig.server.url}/app?replicaSet=other")
    assert "a replica set with that name" in str(caught.value)


def test_host_that_is_not_known_is_told() -> None:
    with pytest.raises(NotConnected) as caught:
        open_store("mongodb://no-such-host.invalid/app")
    assert "host name can't be resolved" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "named"),
    [("readPreference=anything", "readPreference"), ("compressors=zlib&zlibCompressionLevel=99", "zlibCompressionLevel"),
     ("heartbeatFrequencyMS=1", "heartbeatFrequencyMS"), ("directConnection=perhaps", "directConnection")],
)  # fmt: skip
def test_option_whose_value_the_driver_refuses_is_named(options: str, named: str) -> None:
    with pytest.raises(BadStoreAddress) as caught:
        open_store(f"mongodb://127.0.0.1:1/app?{options}")
    assert f"option {named}" in str(caught.value)


def test_options_of_the_program_itself_are_listed_as_not_used(mongo_rig: MongoRig) -> None:
    options = "socketTimeoutMS=360000&maxPoolSize=100&timeoutms=1&appName=shop&maxIdleTimeMS=120000"
    store = open_store(url_of(mongo_rig, options))
    try:
        assert ("Ignored address options", "maxPoolSize, socketTimeoutMS, timeoutMS") in store.info().details
    finally:
        store.close()
