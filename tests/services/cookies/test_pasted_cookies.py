"""The chain says of a cookie what the form it was pasted in tells, and no more."""

from __future__ import annotations

from inspector.cookies import signed_value
from inspector.core.secret import Secret
from inspector.services.cookies.cookie_chain import CookieReport
from inspector.services.cookies.verify_cookie import inspect_cookies

SECRET = Secret.from_text("keyboard cat")
VALUE = signed_value("abc", SECRET)
NOW_MS = 1_795_478_400_000


def _attributes(report: CookieReport) -> str:
    return next(link.text for link in report.chain if link.name == "Attributes")


def test_cookie_folded_into_another_line_is_named_as_the_fault() -> None:
    line = f"Set-Cookie: banner=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT,connect.sid={VALUE}; Path=/; HttpOnly"
    _, report = inspect_cookies(line, [SECRET], None, now_ms=NOW_MS)
    assert "Set-Cookie line of banner" in report.broken
    assert "Browsers do not split at commas" in report.broken


def test_attributes_of_an_export_are_judged() -> None:
    row = f"#HttpOnly_localhost\tFALSE\t/\tFALSE\t1700000000\tconnect.sid\t{VALUE}"
    (report,) = inspect_cookies(row, [SECRET], None, now_ms=NOW_MS)
    assert "Expires is in the past" in _attributes(report)


def test_attribute_that_a_form_cannot_tell_is_not_called_missing() -> None:
    text = f"<RequestsCookieJar[<Cookie connect.sid={VALUE} for localhost/>]>"
    (report,) = inspect_cookies(text, [SECRET], None, now_ms=NOW_MS, is_production=True)
    assert "missing" not in _attributes(report)
