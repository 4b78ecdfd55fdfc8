"""Cookie schemes: read, verify, decode and sign. No I/O, no store, no settings; nothing decoded is executed."""

from inspector.cookies._api import Attribute, Cookie, CookieError, Scheme, Status, Verdict
from inspector.cookies._judge import edit_payload, judge, resign, scheme_label, sign_id, signed_value
from inspector.cookies.known_schemes import SCHEMES, find_scheme, register_scheme, unregister_scheme
from inspector.cookies.pasted.har import MOST_BYTES as HAR_MOST_BYTES
from inspector.cookies.pasted.har import Exchange, read_har
from inspector.cookies.pasted.header import decode_value, encode_value, read_cookies, split_header
from inspector.cookies.scheme import CookieScheme
from inspector.cookies.schemes.express import is_default_id
from inspector.cookies.schemes.payload import BROWSER_BYTES
from inspector.cookies.schemes.signature import sign, unsign, verify_express

__all__ = [
    "BROWSER_BYTES",
    "HAR_MOST_BYTES",
    "SCHEMES",
    "Attribute",
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
    "split_header",
    "unregister_scheme",
    "unsign",
    "verify_express",
]
