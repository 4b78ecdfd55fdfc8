"""Use cases as plain functions and small classes: what the window and the command line both do. No Qt."""
