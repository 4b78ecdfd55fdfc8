"""Servers whose certificate nobody trusts: told by their own fault, with the option that helps, which then does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store_adapters.errors import BadStoreAddress, NotConnected
from store_adapters.registry import open_store
from tests.servers import Server, free_port, missing, mongod_binary, redis_binary, start_mongod, start_redis
from tests.store_adapters.certificates import write_certificate


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def redis_place(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[str]:
    binary = redis_binary()
    if binary is None:
        missing("redis-server")
    tls_port = free_port()
    options = ("--tls-port", str(tls_port), "--tls-auth-clients", "no", "--requirepass", "")
    files = (
        "--tls-cert-file",
        str(certificate),
        "--tls-key-file",
        str(certificate),
        "--tls-ca-cert-file",
        str(certificate),
    )
    server = start_redis(str(binary), str(tmp_path_factory.mktemp("redis")), *options, *files)
    yield f"127.0.0.1:{tls_port}"
    server.stop()


@pytest.fixture(scope="module")
def mongo_server(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Server]:
    binary = mongod_binary()
    if binary is None:
        missing("mongod")
    options = (
        "--tlsMode",
        "preferTLS",
        "--tlsCertificateKeyFile",
        str(certificate),
        "--tlsAllowConnectionsWithoutCertificates",
    )
    folder = str(tmp_path_factory.mktemp("mongo"))
    server = start_mongod(
        str(binary), folder, is_replica_set=False, options=(*options, "--tlsCAFile", str(certificate))
    )
    yield server
    server.stop()


def test_redis_certificate_is_told_with_the_option_that_accepts_it(redis_place: str, certificate: Path) -> None:
    with pytest.raises(NotConnected) as caught:
        open_store(f"rediss://{redis_place}")
    assert "certificate is not trusted" in str(caught.value)
    assert "ssl_cert_reqs=none" in str(caught.value)
    for helps in ("ssl_cert_reqs=none", f"ssl_ca_certs={certificate}", "rejectUnauthorized=false"):
        store = open_store(f"rediss://{redis_place}?{helps}")
        assert store.count().number == 0
        store.close()


def test_redis_certificate_file_that_is_not_there_is_told(redis_place: str) -> None:
    with pytest.raises(NotConnected) as caught:
        open_store(f"rediss://{redis_place}?ssl_ca_certs=/no/such/file")
    assert "ssl_ca_certs" in str(caught.value)


def test_mongo_certificate_is_told_with_the_option_that_accepts_it(mongo_server: Server, certificate: Path) -> None:
    with pytest.raises(NotConnected) as caught:
        open_store(f"{mongo_server.url}/app?tls=true")
    assert "certificate is not trusted" in str(caught.value)
    assert "tlsAllowInvalidCertificates=true" in str(caught.value)
    for helps in ("tlsAllowInvalidCertificates=true", f"tlsCAFile={certificate}"):
        store = open_store(f"{mongo_server.url}/app?ssl=true&{helps}")
        assert store.count().number == 0
        store.close()


def test_mongo_certificate_file_that_is_not_there_is_named(mongo_server: Server) -> None:
    with pytest.raises(BadStoreAddress) as caught:
        open_store(f"{mongo_server.url}/app?tls=true&tlsCAFile=/no/such/file")
    assert "tlsCAFile" in str(caught.value)
