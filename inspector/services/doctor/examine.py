"""Examines a store as a whole: one pass over its list, the server asked once, each rule found, passed or not checked."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from inspector.core.store_facts import StoreFacts, StoreRule
from inspector.core.store_finding import NotChecked, StoreFinding, Weight
from inspector.frameworks import FRAMEWORKS, UNKNOWN, Framework
from inspector.services.catalogue.catalogue import Catalogue
from inspector.services.checkpoint import checkpoint
from inspector.services.doctor.contents import CONTENTS
from inspector.services.doctor.gather import Examination, Gatherer, Pace
from inspector.services.doctor.secret_rules import SECRETS
from inspector.services.doctor.server_rules import SERVER
from inspector.services.sessions.open_session import describe_record, ref_of_key
from store_adapters.contract import CancelToken, RawRecord, ServerFacts, SessionStore
from store_adapters.errors import StoreError

_ASKED = 48  # records that say whose store it is
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`findings`: the worst first. `passed`: IDs of rules that found nothing; `not_checked`: ID to reason.

    `examined`: records looked at; `samples`: for each finding's ID, three session IDs spread over the store.
    """

    store: str
    kind: str
    examined: int
    seconds: float
    findings: tuple[StoreFinding, ...]
    passed: tuple[str, ...]
    not_checked: Mapping[str, str]
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_partial: bool = False

    def reaches(self, weight: Weight) -> bool:
        """True where a finding is at or above this weight; facts alone never are."""
        return any(one.weight.reaches(weight) and one.weight is not Weight.INFO for one in self.findings)


def known_rules() -> tuple[str, ...]:
    """Return the IDs of all rules there are, each once."""
    rules = [*CONTENTS, *SECRETS, *SERVER, *(rule for framework in FRAMEWORKS for rule in framework.doctor)]
    return tuple(dict.fromkeys(rule.id for rule in rules))


def examine(
    store: SessionStore,
    catalogue: Catalogue,
    cancel: CancelToken,
    asked: Examination,
    now_ms: int,
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
) -> Iterator[Pace | Diagnosis]:
    """Yield how far the pass is, and at its end the diagnosis; nothing but progress where it was cancelled. `StoreError`.

    The catalogue is listed already. It never writes. The rows of each finding are noted in the catalogue for the filter
    `finding:ID`.
    """
    begun = time.monotonic()
    framework = _framework_of(store, catalogue)
    gatherer = Gatherer(store, catalogue, replace(asked, reserved=framework.reserved), now_ms)
    yield from gatherer.run(cancel)
    if cancel.is_cancelled:
        return
    facts = gatherer.facts
    try:
        told = store.server_facts()
    except StoreError as error:
        told = ServerFacts()
        facts.refused = dict.fromkeys({need for rule in SERVER for need in rule.needs}, f"{error.message}")
    else:
        facts.server, facts.refused = told.values, told.refused
    findings, passed, not_checked = _apply(_rules_for(framework, only, skip), facts)
    catalogue.columns.findings = {one.id: one.rows for one in findings if len(one.rows)}
    columns = catalogue.columns
    yield Diagnosis(
        store.label,
        facts.kind,
        facts.all_rows,
        time.monotonic() - begun,
        findings,
        passed,
        not_checked,
        {one.id: tuple(columns.id_of(columns.keys[row]) for row in one.rows.spread(_SAMPLES)) for one in findings},
        facts.is_partial,
    )


def _rules_for(framework: Framework, only: Collection[str], skip: Collection[str]) -> list[StoreRule]:
    rules = (*framework.doctor, *CONTENTS, *SECRETS, *SERVER)
    return [rule for rule in rules if (not only or rule.id in only) and rule.id not in skip]


def _apply(
    rules: Sequence[StoreRule], facts: StoreFacts
) -> tuple[tuple[StoreFinding, ...], tuple[str, ...], dict[str, str]]:
    findings: list[StoreFinding] = []
    passed: dict[str, None] = {}
    not_checked: dict[str, str] = {}
    for rule in rules:
        checkpoint()
        unsaid = [need for need in rule.needs if need not in facts.server]
        if unsaid:
            if all(need in facts.refused for need in unsaid):
                not_checked[rule.id] = facts.refused[unsaid[0]]
            continue  # this kind of store has no such fact
        try:
            found = rule.find(facts)
        except NotChecked as why:
            not_checked[rule.id] = str(why)
            continue
        if found is None:
            passed[rule.id] = None
        else:
            findings.append(found)
    ids = {one.id for one in findings}
    order = list(Weight)
    findings.sort(key=lambda one: (order.index(one.weight), -one.percent, one.id))
    return tuple(findings), tuple(one for one in passed if one not in ids), not_checked


def _framework_of(store: SessionStore, catalogue: Catalogue) -> Framework:
    """Return whose records these are: as a person said, or what most of some records look like."""
    told = catalogue.reading.framework
    if told is not None:
        return told
    columns = catalogue.columns
    step = max(1, columns.total // _ASKED)
    seen: Counter[Framework] = Counter()
    for row in range(0, columns.total, step):
        checkpoint()
        payload = columns.payloads[row]
        if columns.alive[row] and payload and len(payload) == columns.sizes[row]:
            record = RawRecord(ref_of_key(store, columns.keys[row]), payload, None, 0)
            seen[describe_record(store, record, catalogue.reading).origin.framework] += 1
    seen.pop(UNKNOWN, None)
    return seen.most_common(1)[0][0] if seen else UNKNOWN
