"""Session Inspector: see, edit and verify web sessions safely."""

__version__ = "0.1.0"
