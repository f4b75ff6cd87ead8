"""Storage of the test's own, and web pages on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.web_site import Site, run_site


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    """A web site of somebody else, at an address that this test lets the guard call."""
    with run_site() as running:
        settings.OUTBOUND_ALLOW_HTTP = True
        settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [running.place]
        yield running
