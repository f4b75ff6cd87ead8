"""A web process reads the vectors of listings and its model by itself, and then finds by meaning."""

from __future__ import annotations

import httpx2
import pytest
from django.utils import timezone

from core.scope import system_scope
from gpts.llm.runtime import builtin_embeddings
from marketplace.services.listing_vectors import embed_listings
from tests.support.marketplace import make_listing
from tests.support.waiting import wait_for


@pytest.mark.skipif(not builtin_embeddings.is_available(), reason="the wheel of the model is missing")
@pytest.mark.usefixtures("transactional_db")
def test_a_web_process_finds_by_meaning(request: pytest.FixtureRequest) -> None:
    with system_scope("test"):
        make_listing(name="Old teapot", description="Brews green tea.", starters=[])
    assert embed_listings(clock=timezone.now) == 1
    url = request.getfixturevalue("server").url

    def finds() -> bool:
        return "Old teapot" in httpx2.get(f"{url}/search?q=hot+drink+from+leaves", timeout=10).text

    wait_for(finds, seconds=60)
