"""Rows F01–F03, F11–F15, F21, F22: what answers at the address, or does not."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from store_adapters.contract import SessionStore
from store_adapters.errors import Interrupted, NotConnected, StoreError, StoreRefused, StoreUnreachable
from store_adapters.options import Limits
from store_adapters.registry import open_store
from tests.faults.proxy import Fault, Kind, Proxy
from tests.faults.redis.rigs import (
    PASSWORD,
    Rig,
    assert_told,
    assert_usable,
    edit,
    look,
    new_role,
    told,
    wait_for,
)
from tests.servers import free_port

pytestmark = pytest.mark.usefixtures("nothing_leaks")
Opener = Callable[[str], SessionStore]
LOGIN = f":{PASSWORD}@"
NOISE_S = 0.5  # what a busy machine may add to a time that must hold


def fail_to_open(url: str) -> tuple[StoreError, float]:
    """Return what was told, and the seconds it took."""
    started = time.monotonic()
    with pytest.raises(StoreError) as caught:
        open_store(url).close()
    return caught.value, time.monotonic() - started


def test_f01_closed_port_is_told_within_a_second() -> None:
    error, took_s = fail_to_open(f"redis://{LOGIN}127.0.0.1:{free_port()}/0")
    assert isinstance(error, NotConnected)
    assert_told(told(error), "no redis server answered", "port")
    assert took_s < 1


def test_f01_save_to_a_server_that_is_gone_says_that_nothing_was_written(rig: Rig, open_at: Opener) -> None:
    store = open_at(rig.url)
    rig.put("a")
    opened = look(store)
    rig.server.stop()
    for _ in range(2):  # the first call finds the old connection broken, the next cannot connect
        with pytest.raises(StoreUnreachable) as caught:
            store.replace(opened.raw, b"{}")
    assert_told(told(caught.value), "no redis server answered", "nothing was written")


def test_f02_unknown_host_name_is_told() -> None:
    error, took_s = fail_to_open(f"redis://{LOGIN}no.such.host.invalid:6379/0")
    print(f"name resolution gave up after {took_s:.1f} s")
    assert_told(told(error), "host name can't be resolved", "check the host")


def test_f03_server_that_accepts_and_never_answers_is_given_up(rig: Rig) -> None:
    with Proxy(rig.port, Fault(Kind.ACCEPT_HANG)) as proxy:
        error, took_s = fail_to_open(rig.at(proxy.port, LOGIN))
        assert_told(told(error), "did not answer in time", "try again")
        assert took_s < 3.5 + NOISE_S


@pytest.mark.parametrize("login", ["", LOGIN])
def test_f03_waiting_for_it_is_cancelled_at_once(rig: Rig, open_at: Opener, login: str) -> None:
    rig.client.config_set("requirepass", PASSWORD if login else "")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port, login))
        proxy.fault = Fault(Kind.ACCEPT_HANG)
        proxy.reset_all()
        wait_for(lambda: is_left(store))
        told_as: list[BaseException] = []

        def read() -> None:
            try:
                store.read(store.ref_for("a"))
            except StoreError as error:
                told_as.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        assert proxy.fired.wait(5)
        started = time.monotonic()
        while thread.is_alive() and time.monotonic() - started < 2:
            store.interrupt()
            thread.join(0.02)
        took_s = time.monotonic() - started
        print(f"cancelled after {took_s:.2f} s (to reach: 0.2 s)")
        assert took_s < 0.2 + NOISE_S
        assert isinstance(told_as[0], Interrupted)


def is_left(store: SessionStore) -> bool:
    link: Any = store._link  # type: ignore[attr-defined]
    link.leave_if_closed()
    return not link.is_connected


def test_f11_truncated_reply_is_no_reply(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        opened = look(store)
        proxy.fault = Fault(Kind.TRUNCATE, match=b"GET")
        with pytest.raises(StoreUnreachable) as caught:
            look(store)
        assert_told(told(caught.value), "connection", "broke")
        proxy.fault = Fault(Kind.TRUNCATE, match=b"EVAL", once=True)
        outcome = edit(store, opened)
        assert_told(outcome.message, "saved role", "a re-read shows")
        assert rig.stored("a") == new_role(before)
        assert_usable(store, rig)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_f12_random_bytes_are_not_taken_for_a_reply(rig: Rig, open_at: Opener, data: bytes) -> None:
    before = rig.put("a")
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        opened = look(store)
        proxy.fault = Fault(Kind.GARBAGE, match=b"GET", data=data)
        with pytest.raises(StoreUnreachable) as caught:
            look(store)
        assert_told(told(caught.value), "isn't redis", "check")
        proxy.fault = Fault(Kind.GARBAGE, match=b"EVAL", data=data, once=True)
        outcome = edit(store, opened)
        assert_told(outcome.message, "saved role", "a re-read shows")
        assert rig.stored("a") == new_role(before)
        assert_usable(store, rig)


def test_f13_dripping_server_is_given_up_after_five_seconds(rig: Rig, open_at: Opener) -> None:
    rig.put("a", padding="x" * 400)
    with Proxy(rig.port) as proxy:
        store = open_at(rig.at(proxy.port))
        proxy.fault = Fault(Kind.SLOW, seconds=0.05)
        started = time.monotonic()
        with pytest.raises(StoreUnreachable) as caught:
            look(store)
        took_s = time.monotonic() - started
        assert_told(told(caught.value), "did not answer in time", "try again")
        assert took_s < 5 + NOISE_S
        proxy.fault = Fault(Kind.PASS)
        assert_usable(store, rig)


def test_f14_edit_works_on_a_slow_network(rig: Rig, open_at: Opener) -> None:
    before = rig.put("a")
    with Proxy(rig.port, Fault(Kind.LATENCY, seconds=0.3)) as proxy:
        store = open_at(rig.at(proxy.port))
        outcome = edit(store, look(store))
        assert_told(outcome.message, "saved role")
        assert rig.stored("a") == new_role(before)


@contextmanager
def answering(greeting: bytes) -> Iterator[int]:
    """Yield the port of a server that says `greeting` to whoever comes and then listens for a while."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                while True:
                    client, _ = listener.accept()
                    with client:
                        client.sendall(greeting)
                        client.recv(4096)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def web_server(context: ssl.SSLContext | None = None) -> Iterator[int]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that speaks Redis is none of ours."""

    with Server(("127.0.0.1", 0), Quiet) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("login", ["", LOGIN])
def test_f15_web_server_is_not_taken_for_redis(login: str) -> None:
    with web_server() as port:
        error, _ = fail_to_open(f"redis://{login}127.0.0.1:{port}/0")
    assert_told(told(error), "isn't redis", "check the port")


def test_f15_ssh_server_is_not_taken_for_redis() -> None:
    with answering(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") as port:
        error, _ = fail_to_open(f"redis://{LOGIN}127.0.0.1:{port}/0")
    assert_told(told(error), "isn't redis", "check the port")


def test_f15_tls_port_is_not_taken_for_redis(tmp_path: Path) -> None:
    context = make_tls_context(tmp_path)
    with web_server(context) as port:
        error, _ = fail_to_open(f"redis://127.0.0.1:{port}/0")
    assert_told(told(error), "redis server", "check")


@pytest.mark.usefixtures("hasty")
def test_f15_tls_to_a_plain_redis_says_so(rig: Rig) -> None:
    error, took_s = fail_to_open(f"rediss://{LOGIN}127.0.0.1:{rig.port}/0")
    assert_told(told(error), "TLS")
    assert took_s < 3.5 + NOISE_S


def make_tls_context(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate of its own making."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_f21_server_without_a_connection_left_says_so(rig: Rig, open_at: Opener) -> None:
    store = open_at(rig.url)
    rig.put("a")
    opened = look(store)
    limit = len(rig.client.client_list())
    rig.client.config_set("maxclients", limit)
    error, _ = fail_to_open(rig.url)
    assert isinstance(error, StoreRefused)
    assert_told(told(error), "no connections left", "maxclients")
    assert_told(edit(store, opened).message, "saved role")  # who is in stays in
    rig.client.config_set("maxclients", 100)
    assert_usable(store, rig)


def test_f22_missing_and_wrong_password_are_told(rig: Rig) -> None:
    rig.client.config_set("requirepass", PASSWORD)
    error, _ = fail_to_open(rig.url)
    assert_told(told(error), "requires a password", "settings")
    for login in (":wrong@", "nobody:wrong@", f"default:{PASSWORD[:-1]}@"):
        error, _ = fail_to_open(rig.at(rig.port, login))
        assert_told(told(error), "refused the user name or password", "check")
    open_store(rig.at(rig.port, LOGIN)).close()


def test_f22_password_for_a_server_that_has_none_is_told(rig: Rig) -> None:
    error, _ = fail_to_open(rig.at(rig.port, LOGIN))
    assert_told(told(error), "the server has none", "settings")


def test_f22_password_changed_while_open_loses_nothing(rig: Rig, open_at: Opener) -> None:
    rig.client.config_set("requirepass", PASSWORD)
    with redis.Redis(port=rig.port, password=PASSWORD) as client:
        rig.client = client
        store = open_at(rig.at(rig.port, LOGIN))
        before = rig.put("a")
        opened = look(store)
        client.config_set("requirepass", "another")
        client.client_kill_filter(_type="normal", skipme=True)
        for _ in range(2):
            with pytest.raises(StoreError) as caught:
                store.replace(opened.raw, new_role(before))
        assert_told(told(caught.value), "refused the user name or password", "nothing was written")
        assert rig.stored("a") == before
        client.config_set("requirepass", PASSWORD)
        assert_usable(store, rig)


def test_limits_of_a_call_are_those_that_the_rows_name() -> None:
    limits = Limits()
    assert (limits.connect_s, limits.call_s, limits.deadline_s) == (3.0, 3.0, 5.0)
