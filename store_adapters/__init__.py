"""Session stores behind one contract: bytes in, bytes out, compare-and-set. Knows nothing of the inspector."""
