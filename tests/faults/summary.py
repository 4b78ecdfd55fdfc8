"""Counts the rows of the fault matrix, F01 to F68, and says at the end of a run what became of each.

A test belongs to the row that its name tells (`test_f07_…`), wherever it lives. A row passes when one of its tests ran and none
failed; it is skipped when all of them were, and waits when the reason begins with "waiting:". Rows without a test are only
told after a run of everything: a part of the suite says nothing about what it left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

ROWS = tuple(f"F{number:02d}" for number in range(1, 69))
_ROW = re.compile(r"test_(f\d\d)_")
_WAITING = "waiting:"


@dataclass(slots=True)
class Row:
    """What the tests of one row did. `reasons`: why those that did not run did not, each once."""

    passed: int = 0
    failed: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        if self.failed:
            return "failed"
        if self.passed:
            return "passed"
        return "waiting" if any(reason.startswith(_WAITING) for reason in self.reasons) else "skipped"


def count_rows(outcomes: Iterable[tuple[str, str, str]]) -> dict[str, Row]:
    """Gather (test id, "passed" | "failed" | "skipped", reason) by row, in the rows' order."""
    rows: dict[str, Row] = {}
    for name, outcome, reason in outcomes:
        found = _ROW.search(name)
        if found is None:
            continue
        row = rows.setdefault(found[1].upper(), Row())
        if outcome == "passed":
            row.passed += 1
        elif outcome == "failed":
            row.failed += 1
        elif reason not in row.reasons:
            row.reasons.append(reason)
    return dict(sorted(rows.items()))


def summary_lines(rows: dict[str, Row], *, is_whole: bool) -> list[str]:
    """Return the count, and a line for each row that did not simply pass."""
    by_state: dict[str, list[str]] = {"passed": [], "skipped": [], "waiting": [], "failed": []}
    for name, row in rows.items():
        by_state[row.state].append(name)
    counts = ", ".join(
        f"{len(names)} {'rows passed' if state == 'passed' else state}" for state, names in by_state.items()
    )
    none = [name for name in ROWS if name not in rows] if is_whole else []
    lines = [f"fault matrix: {counts}" + (f", {len(none)} without a test: {', '.join(none)}" if none else "")]
    for state in ("skipped", "waiting"):
        lines += [
            f"  {state}: {name}: {'; '.join(rows[name].reasons).removeprefix(_WAITING).strip()}"
            for name in by_state[state]
        ]
    lines += [f"  failed: {name}" for name in by_state["failed"]]
    # A row that passed with one of its tests left out has not shown everything.
    return lines + [
        f"  in part: {name}: {'; '.join(rows[name].reasons)}" for name in by_state["passed"] if rows[name].reasons
    ]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    outcomes: list[tuple[str, str, str]] = []
    for category, outcome in (("passed", "passed"), ("failed", "failed"), ("error", "failed"), ("skipped", "skipped")):
        for report in terminalreporter.stats.get(category, []):
            reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
            outcomes.append((report.nodeid, outcome, reason))
    rows = count_rows(outcomes)
    if rows:
        is_whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS
        is_whole = is_whole and not (config.option.keyword or config.option.markexpr or config.option.deselect)
        for line in summary_lines(rows, is_whole=is_whole):
            terminalreporter.write_line(line)
