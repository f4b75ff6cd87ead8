"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_for(find: Callable[[], Found], seconds: float = 120.0) -> Found:
    """Call ``find`` until it returns a true value and return that; fail after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > end:
            raise AssertionError("What the test waited for did not happen.")
        time.sleep(0.05)
    return found
