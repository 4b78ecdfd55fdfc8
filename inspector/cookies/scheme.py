"""One way to make a session cookie, as a value: what is a scheme's own is asked of it, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inspector.cookies._api import Cookie, Scheme, Verdict
from inspector.core.secret import Secret


@dataclass(frozen=True, slots=True, eq=False)
class CookieScheme:
    """A scheme. `recognise` is cheap and needs no secret; `verify` never raises.

    A scheme whose session is in a store has `sign_id`; one that keeps the session in the cookie has `seal`. One that
    `is_unsigned_by_design` answers with `Status.BY_DESIGN`, and its `sign_id` uses no secret. The other functions are
    for what has a way of its own.
    """

    name: str  # stable: it stands in outputs and in the frameworks' values
    label: str
    recognise: Callable[[Cookie], bool]
    verify: Callable[[Cookie, Sequence[Secret], int], Verdict]  # of the secrets and now (epoch ms)
    sign_id: Callable[[str, str, Secret], str] | None = None  # cookie name, session ID: what follows `<name>=`
    resign_id: Callable[[Cookie, str, Secret], str] | None = None  # for its session ID, in the form of that cookie
    seal: Callable[[Cookie, Verdict, str, Secret, int], str] | None = (
        None  # JSON text and its time, in that cookie's form
    )
    is_unsigned_by_design: bool = False
    is_likelier: Callable[[Verdict], bool] = lambda _verdict: False  # than an earlier scheme that reads the same value
    lacks_form: Callable[[Cookie], bool] = lambda _cookie: False  # recognised, but the framework reads no ID from it
    shares_form: tuple[str, ...] = ()  # the other libraries that write cookies of this form
    shares_signature: tuple[str, ...] = ()  # those of them which its secret fits too
    id_words: str = ""  # what its session ID is, where that is not 24 random bytes in base64url

    @classmethod
    def of(
        cls,
        form: Scheme,
        *,
        sign_id: Callable[[str, str, Secret], str] | None = None,
        resign_id: Callable[[Cookie, str, Secret], str] | None = None,
        seal: Callable[[Cookie, Verdict, str, Secret, int], str] | None = None,
        is_likelier: Callable[[Verdict], bool] = lambda _verdict: False,
        lacks_form: Callable[[Cookie], bool] = lambda _cookie: False,
        id_words: str = "",
    ) -> CookieScheme:
        """Return the scheme whose form an object of a class reads."""
        return cls(
            form.name,
            form.label,
            form.recognise,
            form.verify,
            sign_id=sign_id,
            resign_id=resign_id,
            seal=seal,
            is_likelier=is_likelier,
            lacks_form=lacks_form,
            shares_form=form.shares_form,
            shares_signature=form.shares_signature,
            id_words=id_words,
        )
