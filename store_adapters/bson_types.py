"""How many bytes the values of each BSON type take (bsonspec.org 1.1)."""

from __future__ import annotations

FIXED_SIZES = {1: 8, 6: 0, 7: 12, 8: 1, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8, 19: 16, 255: 0, 127: 0}
"""Size of a value in bytes by type code, for the types whose values all have the same size."""
