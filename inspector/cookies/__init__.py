"""Cookie schemes: read, verify, decode and sign. No I/O, no store, no settings; nothing decoded is executed."""

from inspector.cookies._api import Attribute, Chunks, Cookie, CookieError, Scheme, Status, Verdict
from inspector.cookies._judge import edit_payload, judge, resign, scheme_label, sign_id, signed_value
from inspector.cookies.chunks import split_chunks
from inspector.cookies.known_schemes import SCHEMES, find_scheme, register_scheme, unregister_scheme
from inspector.cookies.pasted.archive import is_archive
from inspector.cookies.pasted.har import MOST_BYTES as HAR_MOST_BYTES
from inspector.cookies.pasted.har import Exchange, read_har
from inspector.cookies.pasted.header import decode_value, encode_value, split_header
from inspector.cookies.pasted.text import read_cookies
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.express import is_default_id
from inspector.cookies.schemes.signature import sign, unsign, verify_express

__all__ = [
    "HAR_MOST_BYTES",
    "SCHEMES",
    "Attribute",
    "Chunks",
    "Cookie",
    "CookieError",
    "CookieScheme",
    "Exchange",
    "Scheme",
    "Status",
    "Verdict",
    "decode_value",
    "edit_payload",
    "encode_value",
    "find_scheme",
    "is_archive",
    "is_default_id",
    "judge",
    "read_cookies",
    "read_har",
    "register_scheme",
    "resign",
    "scheme_label",
    "sign",
    "sign_id",
    "signed_value",
    "split_chunks",
    "split_header",
    "unregister_scheme",
    "unsign",
    "verify_express",
]
