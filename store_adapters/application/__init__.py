"""The application's side of a store: what connect-redis, connect-mongo and session-file-store do to it.

Used by the demo server and by tests only. Here, as in the real libraries, a `set` is last-write-wins and brings
a destroyed session back: the inspector's own adapters never work like this.
"""
