"""The secret that the demo signs with; apart from the server, which the start of the window does without."""

from __future__ import annotations

DEMO_SECRET = "keyboard cat"
"""What guides to express-session use. Public, for the demo only."""
