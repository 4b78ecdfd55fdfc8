"""`doctor`: what is wrong with a store as a whole."""

from __future__ import annotations

from typing import Any

from inspector.cli._output import Output
from inspector.cli._selection import check_rules, diagnose_store, list_store
from inspector.cli._stores import opened
from inspector.core.display import escape_display
from inspector.core.store_finding import StoreFinding, Weight
from inspector.services.doctor.examine import Diagnosis
from inspector.services.doctor.report import diagnosis_markdown, diagnosis_object

_CLEAN, _FOUND = 0, 1


def diagnose(options: Any, output: Output) -> int:
    """Examine a store and print what is wrong with it, the worst first."""
    only, skip = _rule_ids(options.only), _rule_ids(options.skip)
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        list_store(connection)
        diagnosis = diagnose_store(connection, options.filter, is_production=options.production, only=only, skip=skip)
    if options.json:
        output.say_json(diagnosis_object(diagnosis))
    elif options.markdown:
        output.say(diagnosis_markdown(diagnosis).rstrip())
    else:
        _say(diagnosis, output)
    return _FOUND if diagnosis.reaches(Weight(options.fail_on)) else _CLEAN


def _rule_ids(text: str) -> frozenset[str]:
    given = frozenset(part.strip() for part in text.split(",") if part.strip())
    check_rules(given)
    return given


def _say(diagnosis: Diagnosis, output: Output) -> None:
    output.say(f"{diagnosis.store}: {diagnosis.examined:,} sessions examined in {diagnosis.seconds:.1f} s")
    for finding in diagnosis.findings:
        _say_finding(finding, diagnosis, output)
    output.say(f"passed: {len(diagnosis.passed)} checks")
    for name, why in diagnosis.not_checked.items():
        output.say(f"not checked: {name}: {why}")
    if diagnosis.is_partial:
        output.say("not read: some records are too large, or were gone before they could be read again")


def _say_finding(finding: StoreFinding, diagnosis: Diagnosis, output: Output) -> None:
    output.say()
    output.say(f"{finding.weight.value:<6}  {finding.id}")
    output.say(f"  {finding.title}. {finding.text}")
    for fix in finding.fixes:
        output.say(f"  {fix.library}: {fix.line}")
    samples = ", ".join(escape_display(one, 80) for one in diagnosis.samples.get(finding.id, ()))
    if samples:
        output.say(f"  such as {samples}")
