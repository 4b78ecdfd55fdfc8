"""Real Express applications under Node: started on a free port, talked to over HTTP, stopped by their process id."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.servers import ROOT, die_with_parent

NODE_FOLDER = Path(__file__).parent / "node"
SECRETS = ["interop current", "interop old"]


def find_node() -> str:
    """Return Node's path; without it or its modules the tests are skipped, and fail where CI is set."""
    cached = ROOT / ".cache" / "bin" / "node"
    node = str(cached) if cached.exists() else shutil.which("node")
    if node and (NODE_FOLDER / "node_modules" / "express").is_dir():
        return node
    words = "Node or its modules are not installed; run `make test`, which does it"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


class ExpressApp:
    """One application: `config` is what app.js takes (store, url, folder, prefix, options …)."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = {"secret": SECRETS} | config
        self._process = subprocess.Popen(
            [find_node(), "app.js", json.dumps(self.config)],
            cwd=NODE_FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        if not line.startswith("port "):
            self._process.kill()
            _, errors = self._process.communicate()
            pytest.fail(f"The Express application did not start: {errors.decode()[-600:]}")
        self.port = int(line.split()[1])

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)


class Browser:
    """A visitor with a cookie jar of its own, at any HTTP server on this machine."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self.port = port
        self.cookies = dict(cookies or {})

    def get(self, path: str) -> tuple[int, str]:
        return self._send("GET", path, None)

    def get_json(self, path: str) -> Any:
        status, text = self.get(path)
        assert status == 200, text
        return json.loads(text)

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        return self._send("POST", path, urlencode(fields))

    def _send(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, text
