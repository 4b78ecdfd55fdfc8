"""Makes the backends known to the contract suite."""

from tests.contract.backends import backend

__all__ = ["backend"]
