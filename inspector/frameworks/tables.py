"""Frameworks known by their table alone: what wrote a row is certain, what it does with it is not known here.

Which columns make whose table: `store_adapters/tables/libraries.py`.
"""

from __future__ import annotations

from inspector.frameworks.framework import Certainty, ExpiryRules, Framework, Recognition, StoredRecord, judge_own_rules


def _by_table(library: str, name: str, documentation: str) -> Framework:
    def recognise(record: StoredRecord) -> Recognition | None:
        return Recognition(Certainty.CERTAIN, "it stands in its table") if record.library == library else None

    return Framework(
        name,
        documentation=documentation,
        recognise=recognise,
        judge=judge_own_rules,
        expiry=ExpiryRules(endless_remedy=lambda _clock: ""),
    )


TABLE_FRAMEWORKS = (
    _by_table("django", "Django", "https://docs.djangoproject.com/en/stable/topics/http/sessions/"),
    _by_table("flask-session", "Flask-Session", "https://flask-session.readthedocs.io/"),
    _by_table("laravel", "Laravel", "https://laravel.com/docs/session"),
    _by_table("rails", "Rails", "https://github.com/rails/activerecord-session_store"),
    _by_table("authjs", "Auth.js", "https://authjs.dev/getting-started/session-management"),
    _by_table("better-auth", "better-auth", "https://www.better-auth.com/docs/concepts/session-management"),
    _by_table("spring-session", "Spring Session", "https://docs.spring.io/spring-session/reference/"),
    _by_table("aspnet", "ASP.NET", "https://learn.microsoft.com/aspnet/core/fundamentals/app-state"),
)
