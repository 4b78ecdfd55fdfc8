"""Stored bytes to trees and back, one format per module. No I/O; nothing decoded is executed."""

from inspector.codecs._api import Attempt, CodecError, Decoded, Fidelity, Summary
from inspector.codecs._bson import date_node
from inspector.codecs._json import JsonError, format_json, json_bytes, scalar_json
from inspector.codecs._new_record import new_payload, with_last_access
from inspector.codecs._registry import decode, encode
from inspector.codecs._summary import DEFAULT_USER_PATHS, plain_data, summarise
from inspector.codecs._texts import parse_json, parse_like, retype
from inspector.codecs._typed import JSON_TYPES, change_type, parse_typed

__all__ = [
    "DEFAULT_USER_PATHS",
    "JSON_TYPES",
    "Attempt",
    "CodecError",
    "Decoded",
    "Fidelity",
    "JsonError",
    "Summary",
    "change_type",
    "date_node",
    "decode",
    "encode",
    "format_json",
    "json_bytes",
    "new_payload",
    "parse_json",
    "parse_like",
    "parse_typed",
    "plain_data",
    "retype",
    "scalar_json",
    "summarise",
    "with_last_access",
]
