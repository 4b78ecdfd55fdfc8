"""The window: the only package besides inspector.app that knows Qt."""
