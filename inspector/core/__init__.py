"""Values of the inspector: trees, edits, merges, expiries, secrets. No I/O, no store, no window."""
