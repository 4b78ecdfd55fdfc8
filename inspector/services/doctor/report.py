"""A diagnosis as JSON and as Markdown. The JSON is a contract: insight.md 1.2."""

from __future__ import annotations

from inspector.core.store_finding import StoreFinding
from inspector.services.doctor.examine import Diagnosis

_SHOWN_ID = 8


def diagnosis_object(diagnosis: Diagnosis) -> dict[str, object]:
    """Return the diagnosis as one object of plain values."""
    return {
        "store": diagnosis.store,
        "kind": diagnosis.kind,
        "examined": diagnosis.examined,
        "seconds": round(diagnosis.seconds, 3),
        "findings": [_finding_object(one, diagnosis.samples.get(one.id, ())) for one in diagnosis.findings],
        "passed": list(diagnosis.passed),
        "not_checked": [{"id": name, "why": why} for name, why in diagnosis.not_checked.items()],
    }


def _finding_object(finding: StoreFinding, samples: tuple[str, ...]) -> dict[str, object]:
    chart = finding.chart
    return {
        "id": finding.id,
        "severity": finding.weight.value,
        "count": finding.count,
        "of": finding.of,
        "percent": finding.percent,
        "title": finding.title,
        "text": finding.text,
        "fixes": [{"for": fix.library, "line": fix.line} for fix in finding.fixes],
        "filter": finding.filter or None,
        "samples": list(samples),
        "chart": {"unit": chart.unit, "bars": [list(bar) for bar in chart.bars]} if chart is not None else None,
        "links": list(finding.links),
    }


def diagnosis_markdown(diagnosis: Diagnosis) -> str:
    """Return the diagnosis to paste into a ticket; session IDs are cut, for whoever holds one is signed in."""
    lines = [f"# Session store: {_plain(diagnosis.store)}", "", _summary(diagnosis), ""]
    for finding in diagnosis.findings:
        lines += [f"## {finding.weight.value}: {_plain(finding.title)} (`{finding.id}`)", "", _plain(finding.text), ""]
        lines += [line for fix in finding.fixes for line in (f"{_plain(fix.library)}:", "", f"    {fix.line}", "")]
        if samples := diagnosis.samples.get(finding.id):
            lines += ["For example: " + ", ".join(f"`{_cut(one)}`" for one in samples), ""]
        lines += [f"- {link}" for link in finding.links] + ([""] if finding.links else [])
    lines += [f"Passed: {len(diagnosis.passed)} checks.", ""]
    if diagnosis.not_checked:
        lines += [
            "Not checked:",
            "",
            *(f"- `{name}`: {_plain(why)}" for name, why in diagnosis.not_checked.items()),
            "",
        ]
    return "\n".join(lines)


def _summary(diagnosis: Diagnosis) -> str:
    words = f"{diagnosis.examined:,} sessions examined in {diagnosis.seconds:.1f} s."
    return f"{words} Some records were too large to be read." if diagnosis.is_partial else words


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    for sign in "\\`*_[]<>#|":
        text = text.replace(sign, "\\" + sign)
    return text


def _cut(session_id: str) -> str:
    return session_id[:_SHOWN_ID] + "…" if len(session_id) > _SHOWN_ID else session_id
