"""`doctor`: what is wrong with a store as a whole."""

from __future__ import annotations

from typing import Any

from inspector.cli._output import BadUsage, Output
from inspector.cli._stores import opened
from inspector.core.display import escape_display
from inspector.core.store_finding import StoreFinding, Weight
from inspector.services.catalogue.large_rows import settle
from inspector.services.catalogue.listing import read_list
from inspector.services.connection import Connection
from inspector.services.doctor.examine import Diagnosis, examine, known_rules
from inspector.services.doctor.gather import Examination
from inspector.services.doctor.report import diagnosis_markdown, diagnosis_object
from inspector.services.filtering.parser import parse_filter
from inspector.services.settings.profiles import Environment
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken

_CLEAN, _FOUND = 0, 1


def diagnose(options: Any, output: Output) -> int:
    """Examine a store and print what is wrong with it, the worst first."""
    only, skip = _rule_ids(options.only), _rule_ids(options.skip)
    with opened(options.store_name, options.secret_sources, output.log) as connection:
        diagnosis = run_doctor(connection, options.filter, options.production, only, skip)
    if options.json:
        output.say_json(diagnosis_object(diagnosis))
    elif options.markdown:
        output.say(diagnosis_markdown(diagnosis).rstrip())
    else:
        _say(diagnosis, output)
    return _FOUND if diagnosis.reaches(Weight(options.fail_on)) else _CLEAN


def run_doctor(
    connection: Connection,
    filter_text: str = "",
    is_production: bool = False,
    only: frozenset[str] = frozenset(),
    skip: frozenset[str] = frozenset(),
) -> Diagnosis:
    """List a store and examine it. `FilterError`, `StoreError`."""
    wanted, catalogue, store = parse_filter(filter_text), connection.catalogue, connection.store
    for _progress in read_list(store, catalogue, CancelToken()):
        pass
    for _settled in settle(catalogue, store, CancelToken()):
        pass
    now = now_ms()
    rows = catalogue.select(wanted, None, descending=False, now_ms=now) if wanted is not None else None
    profile = connection.profile
    asked = Examination(
        rows,
        is_production=is_production or profile.environment is Environment.PRODUCTION,
        has_own_user=bool(profile.user_path.strip()),
    )
    steps = list(examine(store, catalogue, CancelToken(), asked, now, only=only, skip=skip))
    assert isinstance(steps[-1], Diagnosis)
    return steps[-1]


def _rule_ids(text: str) -> frozenset[str]:
    given = frozenset(part.strip() for part in text.split(",") if part.strip())
    unknown = given - set(known_rules())
    if unknown:
        raise BadUsage(
            f"There's no check named {', '.join(sorted(unknown))}. Known: {', '.join(sorted(known_rules()))}."
        )
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
    output.say(f"\n{finding.weight.value:<6}  {finding.id}")
    output.say(f"  {finding.title}. {finding.text}")
    for fix in finding.fixes:
        output.say(f"  {fix.library}: {fix.line}")
    samples = ", ".join(escape_display(one, 80) for one in diagnosis.samples.get(finding.id, ()))
    if samples:
        output.say(f"  such as {samples}")
