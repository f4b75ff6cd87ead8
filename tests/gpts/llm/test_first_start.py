"""The first start goes on with a provider that does not answer or refuses the key, and warns in one line."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from tests.fakes.openai_server import BAD_KEY, KEY, ModelServer

CLOSED = "http://127.0.0.1:9/v1"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("url", "key", "says"),
    [
        (CLOSED, KEY, "127.0.0.1 does not answer. Check the address, and that the server is running."),
        ("", BAD_KEY, "The provider answers, but it refuses the key. Enter the key again."),
        ("", KEY, ""),
        (None, "", ""),
    ],
)
def test_a_provider_that_is_not_usable_gives_one_warning(
    provider: ModelServer, settings: Any, url: str | None, key: str, says: str
) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_MODEL, settings.OPENAI_PROTOCOL = key, "normal", "responses"
    settings.OPENAI_BASE_URL = "" if url is None else url or provider.url
    said = StringIO()

    call_command("first_data", stderr=said)

    expected = f"Warning: {says} Until then OpenAI-compatible answers nobody; all else works.\n"
    assert said.getvalue() == (expected if says else "")
