"""Export and import as JSON lines: byte for byte, with the expiry, in constant memory, and nothing overwritten unasked."""

from __future__ import annotations

import io
import json
import stat
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.services.bulk.export_sessions import export_all, export_selection
from inspector.services.bulk.import_sessions import ImportReport, import_sessions
from inspector.services.bulk.session_lines import LineError, format_line, parse_line, read_lines
from inspector.services.filtering.parser import parse_filter
from inspector.services.settings.new_file import open_new_file
from inspector.services.settings.unfinished_files import UnfinishedFiles
from store_adapters.clock import now_ms
from store_adapters.contract import Batch, CancelToken, RawRecord, RecordRef, SessionStore
from store_adapters.memory_store import MemoryStore
from store_adapters.options import Limits
from store_adapters.registry import open_store
from tests.services.bulk.test_bulk import DAY_MS, SLACK_MS, change, make, run, select_all


def export(store: SessionStore, wanted: str = "") -> bytes:
    file = io.BytesIO()
    run(export_all(store, file.write, CancelToken(), parse_filter(wanted)))
    return file.getvalue()


def take(store: SessionStore, data: bytes, *, replaces: bool = False, is_dry: bool = False) -> ImportReport:
    lines = read_lines(io.BytesIO(data))
    return list(import_sessions(store, lines, CancelToken(), replaces=replaces, is_dry=is_dry))[-1]


def line(session_id: str, payload: bytes = b"{}", kind: str = "memory", ends: int | None = None) -> bytes:
    return format_line(RawRecord(RecordRef("", session_id.encode()), payload, ends, 0), session_id, kind)


def test_export_comes_back_to_the_byte_with_its_expiry(store: SessionStore) -> None:
    made = make(store, 120)
    exported = export(store)
    assert exported.count(b"\n") == 120
    for record in made:
        store.delete(record)
    report = take(store, exported)
    assert (report.lines, report.created, report.failed) == (120, 120, 0)
    for before in made:
        after = store.read(before.ref)
        assert after.payload == before.payload
        assert abs((after.expires_at_ms or 0) - (before.expires_at_ms or 0)) < SLACK_MS


def test_import_overwrites_nothing_unasked(store: SessionStore, other: SessionStore) -> None:
    made = make(store, 3)
    exported = export(store)
    theirs = change(other, made[1])
    store.delete(made[2])
    dry = take(store, exported, is_dry=True)
    assert (dry.created, dry.same, dry.existing) == (1, 1, 1)
    assert store.count().number == 2
    report = take(store, exported)
    assert (report.created, report.same, report.existing) == (1, 1, 1)
    assert store.read(made[1].ref).payload == theirs


def test_import_replaces_when_asked_to_with_the_expiry(store: SessionStore, other: SessionStore) -> None:
    made = make(store, 3)
    exported = export(store)
    change(other, made[1])
    other.change_expiry(other.read(made[1].ref), now_ms() + 3 * DAY_MS)
    report = take(store, exported, replaces=True)
    assert (report.replaced, report.same, report.failed) == (1, 2, 0)
    after = store.read(made[1].ref)
    assert after.payload == made[1].payload
    assert abs((after.expires_at_ms or 0) - (made[1].expires_at_ms or 0)) < SLACK_MS


def test_selected_sessions_are_exported_and_the_gone_counted(store: SessionStore) -> None:
    made = make(store, 5)
    selection = select_all(store)
    store.delete(made[0])
    file = io.BytesIO()
    report = run(export_selection(store, selection, file.write, CancelToken()))
    assert (report.done, report.gone) == (4, 1)
    ids = {json.loads(text)["id"] for text in file.getvalue().splitlines()}
    assert ids == {"s1", "s2", "s3", "s4"}


def test_filter_chooses_what_is_exported(tmp_path: Path) -> None:
    opened = open_store(f"memory:{tmp_path.name}")
    for number in range(1200):
        role = "admin" if number % 100 == 0 else "user"
        opened.create(opened.ref_for(f"s{number}"), json.dumps({"cookie": {}, "user": {"role": role}}).encode(), None)
    exported = [json.loads(text) for text in export(opened, "user.role:admin").splitlines()]
    assert {one["id"] for one in exported} == {f"s{number}" for number in range(0, 1200, 100)}


@pytest.mark.parametrize(
    "payload",
    [b'{"a":"\\u00e9 \xc3\xa9"}', b"\xff\xfe\0", b"", b"\0", "\u2028\U0001f600\ufeff".encode(), b'"\r\n\t\x7f\x01'],
)
def test_any_bytes_survive_the_line(payload: bytes) -> None:
    ends = 1_900_000_000_123
    text = line("caf\u00e9", payload, ends=ends)
    assert text.count(b"\n") == 1
    assert text.endswith(b"\n")
    found = parse_line(text)
    assert (found.session_id, found.payload, found.expires_at_ms) == ("caf\u00e9", payload, ends)
    assert json.loads(text)["expires_at"] == "2030-03-17T17:46:40.123Z"


@pytest.mark.parametrize("ends", [None, 0, 1, 253_402_300_799_999, 99_999_999_999_999_999])
def test_any_expiry_survives_the_line(ends: int | None) -> None:
    assert parse_line(line("a", ends=ends)).expires_at_ms == ends


def test_session_id_that_is_no_text_survives_the_line(redis_url: str) -> None:
    opened = open_store(redis_url)
    record = opened.create(RecordRef("0", b"sess:\xff\x80"), b"{}", None)
    exported = export(opened)
    opened.delete(record)
    assert take(opened, exported).created == 1
    assert opened.read(record.ref).payload == b"{}"
    opened.close()


def test_export_of_one_prefix_goes_into_another(redis_url: str) -> None:
    one, two = open_store(redis_url), open_store(f"{redis_url}?prefix=app:")
    one.create(one.ref_for("abc"), b"{}", None)
    assert take(two, export(one)).created == 1
    assert two.read(two.ref_for("abc")).ref.key == b"app:abc"
    for opened in (one, two):
        opened.close()


def test_bad_lines_are_told_with_their_number_and_the_others_taken(tmp_path: Path) -> None:
    opened = open_store(f"memory:{tmp_path.name}")
    secret = b'"hunter2"'
    bad = [b"{", b"[]", b'{"key":1}', secret, b"\xff", b"[" * 100_000, line("d").replace(b"null", b'"soon"')]
    data = b"\xef\xbb\xbf" + line("a") + b"\n".join(bad) + b"\r\n\r\n" + line("b") + line("", b"x") + line("c").rstrip()
    report = take(opened, data)
    assert (report.lines, report.created, report.failed) == (11, 3, 8)
    assert [text.split(":")[0] for text in report.troubles] == [f"Line {n}" for n in (2, 3, 4, 5, 6, 7, 8, 12)]
    assert "hunter2" not in " ".join(report.troubles)
    assert opened.count().number == 3


def test_expired_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    opened = open_store(f"memory:{tmp_path.name}")
    data = line("old", ends=now_ms() - 1) + line("new", ends=now_ms() + DAY_MS)
    report = take(opened, data)
    assert (report.created, report.expired) == (1, 1)


@pytest.mark.parametrize("session_id", ["../../etc/passwd", "a/b", "..", "nul\0"])
def test_hostile_session_id_never_becomes_a_path(tmp_path: Path, session_id: str) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    opened = open_store(f"file://{folder}")
    report = take(opened, line(session_id, b"{}", "file"))
    opened.close()
    assert (report.created, report.failed) == (0, 1)
    assert list(tmp_path.rglob("*")) == [folder]


def test_record_of_another_kind_of_store_is_refused(tmp_path: Path) -> None:
    opened = open_store(f"file://{tmp_path}")
    report = take(opened, line("a", b"{}", "redis") + line("b", b"{}", "mongo") + line("c", b"{}", "file"))
    opened.close()
    assert (report.created, report.failed) == (1, 2)


def test_stopped_import_says_how_far_it_came(tmp_path: Path) -> None:
    opened = open_store(f"memory:{tmp_path.name}")
    cancel = CancelToken()
    lines = ((number, line(str(number))) for number in range(1, 100_000))
    reports: list[ImportReport] = []
    for report in import_sessions(opened, lines, cancel):
        reports.append(report)
        cancel.cancel()
    assert reports[-1].stopped
    assert reports[-1].created == opened.count().number == 100


class ManyRecords(MemoryStore):
    """A store of `count` sessions, which makes each when it is listed and holds none."""

    count_to_list = 0

    def list_records(self, cancel: CancelToken) -> Iterator[Batch]:
        payload = json.dumps({"cookie": {}, "blob": "x" * 2000}).encode()
        for start in range(0, self.count_to_list, 500):
            keys = [b"s%d" % number for number in range(start, start + 500)]
            none = [None] * 500
            yield Batch(keys, [payload] * 500, [len(payload)] * 500, none, none, (), start + 500, None)


def test_memory_does_not_grow_with_the_number_of_sessions(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    many = ManyRecords(tmp_path.name, Limits())

    def peak_of(count: int) -> int:
        many.count_to_list = count
        tracemalloc.start()
        with open_new_file(path, UnfinishedFiles(tmp_path.parent / "home")) as file:
            assert run(export_all(many, file.write, CancelToken())).done == count
        with path.open("rb") as exported:
            *_, report = import_sessions(many, read_lines(exported), CancelToken(), is_dry=True)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (report.lines, report.created) == (count, count)
        return peak

    few = max(peak_of(2_000), peak_of(2_000))
    most = peak_of(20_000)
    assert path.stat().st_size > 20_000 * 2000
    assert most < few + (4 << 20), "of 40 MB of lines some stayed in memory"


def test_file_is_there_whole_or_not_at_all_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "sessions.jsonl"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError), open_new_file(path, UnfinishedFiles(tmp_path.parent / "home")) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"before"
    with open_new_file(path, UnfinishedFiles(tmp_path.parent / "home")) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_line_says_what_is_wrong_without_quoting_it() -> None:
    with pytest.raises(LineError, match="base64"):
        parse_line(b'{"key":"a","id":"a","kind":"redis","expires_at":null,"payload":{"base64":"!"}}')
