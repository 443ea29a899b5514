"""The longer proofs run on the same environment as the end-to-end tests."""

from tests.e2e.conftest import home, stage

__all__ = ["home", "stage"]
