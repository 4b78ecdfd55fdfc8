"""A framework that nobody has: a format, a clock, rules, a cookie and words of its own, all in this one file."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.codecs import MAX_BYTES, CodecError, Decoded, Fidelity, OpeningKeys, TooLargeError
from inspector.cookies import Cookie, CookieScheme, Status, Verdict
from inspector.core.edits import SetValue, apply_edit
from inspector.core.finding import Finding, Severity
from inspector.core.node import Node, Path, find_member, object_node, text_node, text_of
from inspector.core.secret import Secret
from inspector.core.verdict import FOUND, Effect, RecordVerdict
from inspector.frameworks import Certainty, ExpiryRules, Framework, Place, Recognition, Rules, StoredRecord, Words


class ToyLines:
    """`toy`, then a line `name=text` for each member."""

    name = "toy-lines"
    label = "toy lines"
    has_bson_types = False

    def decode(self, payload: bytes, keys: OpeningKeys = OpeningKeys(), max_bytes: int = MAX_BYTES) -> Decoded:
        first, *lines = payload.decode("utf-8", "replace").split("\n")
        if len(payload) > max_bytes:
            raise TooLargeError("It is larger than was asked for.")
        if first != "toy":
            raise CodecError("It does not begin with the line toy.")
        root = object_node(*((name, text_node(text)) for name, _, text in (line.partition("=") for line in lines)))
        is_exact = _lines(root) == payload
        fidelity = Fidelity.EXACT if is_exact else Fidelity.READ_ONLY
        return Decoded(self.name, self.label, payload, root, fidelity, payload, keys=keys)

    def encode(self, decoded: Decoded, root: Node) -> bytes:
        return _lines(root)


def _lines(root: Node) -> bytes:
    return "\n".join(["toy", *(f"{entry.key}={text_of(entry.value)}" for entry in root.entries)]).encode()


def recognise(record: StoredRecord) -> Recognition | None:
    is_toy = record.decoded is not None and record.decoded.codec == ToyLines.name
    return Recognition(Certainty.CERTAIN, "it begins with the line toy") if is_toy else None


def end_inside(root: Node) -> tuple[Path, int] | None:
    place = find_member(root, "ends")
    text = text_of(root.entries[place].value) if place is not None else None
    return ((place,), int(text)) if place is not None and text is not None and text.isdigit() else None


def move(root: Node, expires_at_ms: int | None, _now_ms: int) -> Node | None:
    place = find_member(root, "ends")
    if place is None or expires_at_ms is None:
        return None
    return apply_edit(root, SetValue((place,), text_node(str(expires_at_ms))))[0]


def judge_tree(root: Node, _kind: str) -> list[Finding]:
    place = find_member(root, "colour")
    if place is None or text_of(root.entries[place].value) != "black":
        return []
    return [Finding(Severity.REFUSED, (place,), "The toy shop sells no black toys.", "Choose a colour.")]


def judge(record: StoredRecord) -> RecordVerdict:
    if record.decoded is not None and find_member(record.decoded.root, "who") is None:
        return RecordVerdict(Effect.ERROR, "The toy falls off the shelf.", "Say who it belongs to.")
    return FOUND


def verify(cookie: Cookie, _secrets: Sequence[Secret], _now_ms: int) -> Verdict:
    return Verdict("toy", Status.BY_DESIGN, "A toy's cookie has no signature, by design.", session_id=cookie.value)


def new_session(max_age_ms: int | None, now_ms: int) -> Node:
    return object_node(("who", text_node("nobody")), ("ends", text_node(str(now_ms + (max_age_ms or 0)))))


TOY_SCHEME = CookieScheme(
    "toy",
    "Toy",
    lambda cookie: cookie.name == "toybox",
    verify,
    sign_id=lambda _name, session_id, _secret: session_id,
    is_unsigned_by_design=True,
)
TOY = Framework(
    "toy",
    label="Toy framework",
    places=(Place("redis", "toy:*"),),
    recognise=recognise,
    codecs=(ToyLines(),),
    expiry=ExpiryRules(end_inside=end_inside, move=move),
    rules=Rules(tree=judge_tree),
    judge=judge,
    new_session=new_session,
    schemes=("toy",),
    user_paths=(("who",),),
    words=Words(missing="The toy is made anew."),
)
