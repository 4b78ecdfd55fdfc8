"""express-session 1.15 to 1.19 with connect-redis, connect-mongo, session-file-store, the SQLite stores and MemoryStore."""

from inspector.core.finding import Finding
from inspector.core.node import Kind, Node
from inspector.frameworks.express.doctor import EXPRESS_DOCTOR
from inspector.frameworks.express.expiry import EXPRESS_EXPIRY
from inspector.frameworks.express.findings import (
    RESERVED_KEYS,
    judge_change,
    judge_express,
    judge_lifetime,
    judge_saved_again,
)
from inspector.frameworks.express.judgement import judge_express_record
from inspector.frameworks.express.new_session import complete_session, new_session
from inspector.frameworks.express.recognition import EXPRESS_PLACES, recognise_express, recognise_own_serializer
from inspector.frameworks.express.sealing import judge_layers
from inspector.frameworks.far_dates import judge_far_dates
from inspector.frameworks.framework import ExpiryRules, Framework, Rules, StoredRecord, Words, judge_own_rules
from inspector.frameworks.javascript import judge_values


def _judge_tree(root: Node, kind: str) -> list[Finding]:
    return judge_express(root, kind) + judge_far_dates(root)


def _judge_stored(record: StoredRecord) -> list[Finding]:
    """Return what the store's clock and the encryption around a record tell."""
    decoded, ends = record.decoded, record.expires_at_ms
    if decoded is None:
        return []
    found = list(judge_layers(decoded, record.form))
    if ends is not None and decoded.root.kind is Kind.OBJECT:
        found = judge_lifetime(decoded.root, record.kind, record.library, ends, record.read_at_ms) + found
    return found


EXPRESS = Framework(
    "express-session",
    documentation="https://github.com/expressjs/session",
    places=EXPRESS_PLACES,
    recognise=recognise_express,
    expiry=EXPRESS_EXPIRY,
    rules=Rules(
        tree=_judge_tree, edit=judge_change, values=judge_values, record=_judge_stored, reads=judge_saved_again
    ),
    judge=judge_express_record,
    new_session=new_session,
    complete=complete_session,
    schemes=("express-session",),
    doctor=EXPRESS_DOCTOR,
    reserved=RESERVED_KEYS,
    words=Words(
        missing="The application starts a new session; express-session leaves this cookie as it is.",
        login="Call req.session.regenerate() at login.",
    ),
)
OWN_SERIALIZER = Framework(
    "express-session with a serializer of its own",  # as it stands in profiles
    "express-session with a custom serializer",
    documentation="https://github.com/expressjs/session",
    recognise=recognise_own_serializer,
    expiry=ExpiryRules(sources=EXPRESS_EXPIRY.sources, endless_remedy=EXPRESS_EXPIRY.endless_remedy),
    rules=Rules(values=judge_values),
    judge=judge_own_rules,
    schemes=("express-session",),
)
"""What stands in a record is the serializer's business; around it are express-session's stores and cookies."""
