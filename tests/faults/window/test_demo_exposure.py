"""The demo server against other sites, slow clients and crowds, over real sockets (F66)."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.demo import connections
from inspector.demo.server import DemoServer, DemoSettings, PortTaken

TOKEN_BYTES = 64 * 1024


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DemoServer]:
    running = DemoServer(DemoSettings(f"file://{tmp_path}", 0))
    running.start()
    yield running
    running.stop()


def ask(port: int, request: str) -> int:
    """Send bytes as they are and return the status, 0 when the connection was closed without one."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(request.replace("\n", "\r\n").replace("PORT", str(port)).encode())
        answer = connection.recv(64)
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/") else 0


HOSTILE = {
    "rebound name": "GET / HTTP/1.1\nHost: evil.example:PORT\n\n",
    "rebound name without port": "GET / HTTP/1.1\nHost: evil.example\n\n",
    "no Host": "GET / HTTP/1.1\n\n",
    "two Hosts": "GET / HTTP/1.1\nHost: 127.0.0.1:PORT\nHost: evil.example\n\n",
    "another port": "GET / HTTP/1.1\nHost: 127.0.0.1:1\n\n",
    "name that begins like ours": "GET / HTTP/1.1\nHost: localhost.evil.example:PORT\n\n",
    "form of another site": "POST /cart HTTP/1.1\nHost: 127.0.0.1:PORT\nOrigin: http://evil.example\nContent-Length: 0\n\n",
    "sandboxed frame": "POST /cart HTTP/1.1\nHost: 127.0.0.1:PORT\nOrigin: null\nContent-Length: 0\n\n",
    "another port's page": "POST /cart HTTP/1.1\nHost: 127.0.0.1:PORT\nOrigin: http://127.0.0.1:1\nContent-Length: 0\n\n",
    "image on another site": "GET / HTTP/1.1\nHost: 127.0.0.1:PORT\nSec-Fetch-Site: cross-site\n\n",
    "sister port": "GET / HTTP/1.1\nHost: 127.0.0.1:PORT\nSec-Fetch-Site: same-site\n\n",
    "https Origin": "POST /cart HTTP/1.1\nHost: 127.0.0.1:PORT\nOrigin: https://127.0.0.1:PORT\nContent-Length: 0\n\n",
}
GOOD = {
    "typed address": "GET / HTTP/1.1\nHost: 127.0.0.1:PORT\nSec-Fetch-Site: none\n\n",
    "localhost": "GET / HTTP/1.1\nHost: localhost:PORT\nSec-Fetch-Site: same-origin\n\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_f66_hostile_request_is_refused(server: DemoServer, tmp_path: Path, name: str) -> None:
    assert ask(server.port, HOSTILE[name]) in (400, 403, 421)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", GOOD)
def test_f66_own_request_is_served(server: DemoServer, name: str) -> None:
    assert ask(server.port, GOOD[name]) == 200


def test_f66_listens_on_loopback_only(server: DemoServer) -> None:
    port = f"{server.port:04X}"
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port}")]
    assert listening == [f"0100007F:{port}"]


@pytest.mark.parametrize(
    ("head", "status"),
    [(f"Content-Length: {TOKEN_BYTES + 1}", 413), ("Content-Length: -1", 400), ("Transfer-Encoding: chunked", 411)],
)
def test_f66_body_that_is_too_large_or_of_unknown_size_is_refused(server: DemoServer, head: str, status: int) -> None:
    assert ask(server.port, f"POST /cart HTTP/1.1\nHost: 127.0.0.1:PORT\n{head}\n\n") == status


def is_served(port: int) -> bool:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        client.request("GET", "/")
        return client.getresponse().status == 200
    finally:
        client.close()


def wait_for_end(connection: socket.socket, drip: bytes, limit_s: float) -> float:
    """Send a byte every 50 ms until the other side closes; return how long that took in seconds."""
    began = time.monotonic()
    connection.settimeout(0.05)
    while time.monotonic() - began < limit_s:
        try:
            connection.sendall(drip)
            if not connection.recv(100):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


@pytest.mark.parametrize(
    "beginning",
    [b"GET / HTTP/1.1\r\nX: ", b"POST /cart HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 60000\r\n\r\n"],
    ids=["head", "body"],
)
def test_f66_slowloris_is_let_go_of(server: DemoServer, monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.5)
    monkeypatch.setattr(connections, "ANSWER_S", 0.5)
    with socket.create_connection(("127.0.0.1", server.port), 10) as slow:
        slow.sendall(beginning % server.port if b"%d" in beginning else beginning)
        assert wait_for_end(slow, b"a", 10) < 5
        assert is_served(server.port)


def test_f66_thousand_idle_connections_keep_nobody_out(server: DemoServer) -> None:
    crowd = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(300)]
    try:
        assert is_served(server.port)
        crowd += [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(700)]
        assert is_served(server.port)
    finally:
        for one in crowd:
            one.close()


def test_f66_port_that_is_taken_is_told(server: DemoServer, tmp_path: Path) -> None:
    with pytest.raises(PortTaken, match=f"Port {server.port} is in use"):
        DemoServer(DemoSettings(f"file://{tmp_path}", server.port)).start()
    assert is_served(server.port)
