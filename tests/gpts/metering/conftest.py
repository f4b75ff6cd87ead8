"""The clock of tests that read the counters of the current window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.support.budgets import NOW


@pytest.fixture
def clock_at_now() -> Iterator[None]:
    """Stop the clock at NOW of tests.support.budgets: its counters are those of the current window."""
    with time_machine.travel(NOW, tick=False):
        yield
