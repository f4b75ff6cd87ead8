"""A local web site for tests of web pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.web_site import Site, run_site


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    """A web site on a local address that core.outbound may call during the test."""
    with run_site() as running:
        settings.OUTBOUND_TENANT_PRIVATE_HOSTS = [running.place]
        yield running
