"""Stored bytes to trees and back, one format per module. No I/O; nothing decoded is executed."""

from inspector.codecs._api import Attempt, Codec, CodecError, Decoded, Fidelity, SealedError, Summary, TooLargeError
from inspector.codecs._layer import OpeningKeys
from inspector.codecs._new_record import copy_payload, new_payload
from inspector.codecs._registry import add_codec, decode, encode, has_bson_types, remove_codec
from inspector.codecs._texts import parse_json, parse_like, parse_value
from inspector.codecs._typed import BSON_TYPES, JSON_TYPES, change_type, edit_text, offered_value, parse_typed
from inspector.codecs._wire import (
    pack_decoded,
    pack_error,
    pack_request,
    pack_summary,
    read_answer,
    read_request,
    read_summary,
)
from inspector.codecs.formats.bson import date_node
from inspector.codecs.formats.json import MAX_BYTES, JsonError, format_json, json_bytes, put_json, scalar_json
from inspector.codecs.listing.document_text import session_text
from inspector.codecs.listing.facts_reader import CookieFacts, FactsReader, SessionFacts, member_sizes
from inspector.codecs.listing.outline import outline_json, stored_value
from inspector.codecs.listing.quick import CUT, FieldReader
from inspector.codecs.listing.quick_lifetime import quick_lifetime
from inspector.codecs.listing.summary import (
    DEFAULT_USER_PATHS,
    NOT_READ,
    ROLE_PATH,
    Summariser,
    plain_data,
    summarise,
    summarise_decoded,
)

__all__ = [
    "BSON_TYPES",
    "CUT",
    "DEFAULT_USER_PATHS",
    "JSON_TYPES",
    "MAX_BYTES",
    "NOT_READ",
    "ROLE_PATH",
    "Attempt",
    "Codec",
    "CodecError",
    "CookieFacts",
    "Decoded",
    "FactsReader",
    "Fidelity",
    "FieldReader",
    "JsonError",
    "OpeningKeys",
    "SealedError",
    "SessionFacts",
    "Summariser",
    "Summary",
    "TooLargeError",
    "add_codec",
    "change_type",
    "copy_payload",
    "date_node",
    "decode",
    "edit_text",
    "encode",
    "format_json",
    "has_bson_types",
    "json_bytes",
    "member_sizes",
    "new_payload",
    "offered_value",
    "outline_json",
    "pack_decoded",
    "pack_error",
    "pack_request",
    "pack_summary",
    "parse_json",
    "parse_like",
    "parse_typed",
    "parse_value",
    "plain_data",
    "put_json",
    "quick_lifetime",
    "read_answer",
    "read_request",
    "read_summary",
    "remove_codec",
    "scalar_json",
    "session_text",
    "stored_value",
    "summarise",
    "summarise_decoded",
]
