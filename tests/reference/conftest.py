"""The golden run, once for all tests of this folder."""

from pathlib import Path

import pytest

from tests.reference.golden import Outcome, evaluate


@pytest.fixture(scope="session")
def golden_outcomes() -> list[Outcome]:
    """Outcome of every case of the golden files."""
    return evaluate(Path(__file__).parent / "data")
