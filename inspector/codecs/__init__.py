"""Stored bytes to trees and back, one format per module. No I/O; nothing decoded is executed."""

from inspector.codecs._api import Attempt, CodecError, Decoded, Fidelity, Summary

__all__ = ["Attempt", "CodecError", "Decoded", "Fidelity", "Summary"]
