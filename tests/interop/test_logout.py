"""Logging out everywhere beside real Express applications: each session that comes back is named with why it can."""

from __future__ import annotations

import json
import threading
import time

import pytest

from inspector.cli import main
from tests.interop.conftest import Site
from tests.interop.test_express_applications import log_in, session_id_of


def test_request_in_flight_and_a_new_login_are_told_apart(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    if site.kind == "file":
        pytest.skip("session-file-store's save of a deleted file fails: nothing comes back")
    quiet, busy = log_in(site), log_in(site)
    held = threading.Thread(target=busy.get_json, args=("/tick?hold=1500",))
    held.start()
    time.sleep(0.4)  # the request has loaded its session by then
    newcomer: list[str] = []

    def sign_in_again() -> None:
        time.sleep(2.5)
        newcomer.append(session_id_of(log_in(site)))

    again = threading.Thread(target=sign_in_again)
    again.start()
    code = main(["logout", site.store_url, "--user", "7", "--yes", "--watch", "6", "--json"])
    held.join(10)
    again.join(10)
    told = json.loads(capsys.readouterr().out)
    assert (told["planned"], told["deleted"]) == (2, 2)
    back = {one["id"]: one["why"] for one in told["came_back"]}
    assert back == {session_id_of(busy): "in flight", newcomer[0]: "signed in again"}
    assert session_id_of(quiet) not in back
    assert code == 1
