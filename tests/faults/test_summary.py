"""What the summary says of the matrix: every state of a row, and nothing of rows that were not asked for."""

from __future__ import annotations

from tests.faults.summary import ROWS, count_rows, summary_lines

OUTCOMES = [
    ("tests/faults/test_a.py::test_f01_closed", "passed", ""),
    ("tests/faults/test_a.py::test_f01_closed_too", "skipped", "no such server"),
    ("tests/faults/test_a.py::test_f02_name[a]", "passed", ""),
    ("tests/faults/test_a.py::test_f02_name[b]", "failed", ""),
    ("tests/ui/test_b.py::test_f55_full", "skipped", "no user namespaces"),
    ("tests/ui/test_b.py::test_f31_moved", "skipped", "waiting: a cluster client"),
    ("tests/core/test_c.py::test_of_no_row", "passed", ""),
]


def test_every_state_of_a_row_is_told() -> None:
    assert summary_lines(count_rows(OUTCOMES), is_whole=False) == [
        "fault matrix: 1 rows passed, 1 skipped, 1 waiting, 1 failed",
        "  skipped: F55: no user namespaces",
        "  waiting: F31: a cluster client",
        "  failed: F02",
        "  in part: F01: no such server",
    ]


def test_rows_without_a_test_are_told_after_a_whole_run_only() -> None:
    rows = count_rows(OUTCOMES)
    assert "without a test" not in summary_lines(rows, is_whole=False)[0]
    whole = summary_lines(rows, is_whole=True)[0]
    assert f"{len(ROWS) - 4} without a test: F03, F04" in whole
    assert "F55" not in whole
