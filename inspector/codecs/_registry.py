"""Which codec reads what: tries those of the payload's form in order and proves that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspector.codecs._api import Attempt, Codec, CodecError, Decoded, Fidelity, SealedError, TooLargeError
from inspector.codecs._layer import OpeningKeys
from inspector.codecs._recognise import recognise
from inspector.codecs.formats.json import MAX_BYTES
from inspector.codecs.records.connect_mongo import ConnectMongoObject, ConnectMongoText
from inspector.codecs.records.express_json import ExpressJson, SessionFile
from inspector.core.node import Node
from inspector.core.secret import Secret
from store_adapters.record_form import PayloadForm

_BY_FORM: dict[str, tuple[Codec, ...]] = {
    PayloadForm.TEXT: (ExpressJson(),),
    PayloadForm.DOCUMENT: (ConnectMongoText(), ConnectMongoObject()),
    PayloadForm.FILE: (SessionFile(),),
}
_BY_NAME = {codec.name: codec for codecs in _BY_FORM.values() for codec in codecs}


def add_codec(form: str, codec: Codec) -> None:
    """Let one more codec read payloads of a form, after those that are there. `ValueError` for a name that is taken."""
    if _BY_NAME.setdefault(codec.name, codec) is not codec:
        raise ValueError(f"There is a codec named {codec.name} already.")
    _BY_FORM[form] = (*_BY_FORM.get(form, ()), codec)


def remove_codec(codec: Codec) -> None:
    """Take a codec out again, of every form."""
    _BY_NAME.pop(codec.name, None)
    for form, codecs in _BY_FORM.items():
        _BY_FORM[form] = tuple(one for one in codecs if one is not codec)


def decode(
    payload: bytes,
    form: str,
    secrets: Sequence[Secret] = (),
    session_id: str = "",
    *,
    max_bytes: int = MAX_BYTES,
    is_quick: bool = False,
) -> Decoded:
    """Read a stored record whose payload has that `PayloadForm` (anything else is text) with the first codec that can.

    `secrets` open what is encrypted; some formats mix in the `session_id`. Deriving keys can take tenths of a second, but
    for `is_quick`, which leaves records closed that need a slow key each.
    `CodecError.attempts` says what was tried, why each could not, and what the bytes look like.
    """
    keys = OpeningKeys(tuple(secrets), session_id, form, is_quick)
    attempts: list[Attempt] = []
    sealed: SealedError | None = None
    codecs = _BY_FORM.get(form, _BY_FORM[PayloadForm.TEXT])
    for codec in codecs:
        try:
            decoded = codec.decode(payload, keys, max_bytes)
        except SealedError as error:
            sealed = error
            attempts += error.attempts
            continue
        except TooLargeError as error:
            error.attempts = (*attempts, *error.attempts)
            raise
        except CodecError as error:
            attempts += error.attempts or (Attempt(codec.label, str(error), None, error.is_limit),)
            continue
        return decoded
    if sealed is not None:
        sealed.attempts = tuple(attempts)
        raise sealed
    labels = {codec.label for codec in codecs}
    refusal = next((one for one in attempts if one.is_limit or one.label not in labels), None)
    # What a layer was opened for and refused is sure; else the first bytes tell, else the codec that came furthest.
    guess = recognise(payload) if form != PayloadForm.DOCUMENT and refusal is None and len(payload) <= max_bytes else ""
    _, telling = max(enumerate(attempts), key=lambda one: (one[1].offset or 0, one[0]))
    telling = refusal or telling
    if guess:
        attempts.append(Attempt("first bytes", guess))
    raise CodecError(guess or telling.reason, tuple(attempts))


def encode(decoded: Decoded, root: Node, read: Callable[[bytes], Decoded] | None = None) -> bytes:
    """Return the payload with `root` in place of `decoded.root`; the very same bytes when nothing was edited.

    What is written is read again (by `read`, where it is large) and compared before it is returned. `CodecError` when the
    tree cannot be written.
    """
    if root is decoded.root or root == decoded.root:
        return decoded.payload
    if decoded.fidelity is Fidelity.READ_ONLY:
        raise CodecError(f"This record cannot be written back without loss. {decoded.reason}")
    codec = _BY_NAME[decoded.codec]
    payload = codec.encode(decoded, root)
    if len(payload) > MAX_BYTES:
        raise CodecError(f"It would be larger than {MAX_BYTES >> 20} MB, more than is written from here.")
    again = codec.decode(payload, decoded.keys, MAX_BYTES) if read is None else read(payload)
    if not same_meaning(again.root, root):
        raise CodecError("The edited record does not read back as it was meant; nothing was written.")
    return payload


def has_bson_types(decoded: Decoded) -> bool:
    """True where the values have BSON's types, so that Extended JSON is how they are written and read as text."""
    return _BY_NAME[decoded.codec].has_bson_types


def same_meaning(read: Node, meant: Node) -> bool:
    """True when two trees are equal, where a number just made has not yet the type its format gives it."""
    if read.kind is not meant.kind or len(read.entries) != len(meant.entries):
        return False
    if read.entries:
        return all(
            a.key == b.key and same_meaning(a.value, b.value) for a, b in zip(read.entries, meant.entries, strict=True)
        )
    if meant.tag or not read.tag:
        return read.scalar == meant.scalar and read.raw == meant.raw if meant.tag else read.scalar == meant.scalar
    return read.scalar == meant.scalar or float(str(read.scalar)) == float(str(meant.scalar))
