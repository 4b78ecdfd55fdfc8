"""What is one framework's own stands in its own module: nothing else asks which framework it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.servers import ROOT

OWN = Path("inspector/frameworks")
NAMES = r"(?:EXPRESS|FASTIFY|KOA|OWN_SERIALIZER|OTHER)"
QUESTIONS = {
    "a comparison with a framework": re.compile(rf"\b(?:is|is not|==|!=|in) \(?{NAMES}\b|case {NAMES}\b"),
    "a comparison with a framework's name": re.compile(
        r"(?:==|!=|\bin \(|case) ?\(?\"(?:express-session|@fastify/session|fastify-session|koa-session)\""
    ),
    "a question of family": re.compile(r"\bfamily (?:is|==|!=|in)\b|\bmatch \w*\.?family\b|\bFamily\b"),
    "a question of a cookie scheme's class": re.compile(r"isinstance\(\w*scheme\w*,"),
}


def sources() -> list[Path]:
    found = sorted(path.relative_to(ROOT) for path in (ROOT / "inspector").rglob("*.py"))
    return [path for path in found if not path.is_relative_to(OWN)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_module_asks_which_framework_it_is(question: str) -> None:
    asking = [
        f"{path}:{number}: {line.strip()}"
        for path in sources()
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if QUESTIONS[question].search(line)
    ]
    assert asking == []


def test_the_questions_are_found_where_they_are_asked() -> None:
    samples = (
        "if opened.origin.framework is EXPRESS:",
        'elif verdict.scheme == "koa-session":',
        "match writer.family:",
        "if isinstance(scheme, SecureSession):",
    )
    for pattern, sample in zip(QUESTIONS.values(), samples, strict=True):
        assert pattern.search(sample), sample


@pytest.mark.parametrize("package", ["core", "codecs", "cookies"])
def test_nothing_below_knows_the_frameworks(package: str) -> None:
    knowing = [
        str(path) for path in (ROOT / "inspector" / package).rglob("*.py") if "inspector.frameworks" in path.read_text()
    ]
    assert knowing == []
