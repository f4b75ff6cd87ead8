"""Pages are compressed for browsers that accept it; streams, files and data are not."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from workspaces.web.compression import page_compression_middleware

PAGE = "<p>A page that is long enough to be worth it.</p>" * 40


def answer(response: Any, accepts: str, *, is_async: bool) -> Any:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepts})
    if not is_async:
        return page_compression_middleware(lambda request: response)(request)

    async def view(request: HttpRequest) -> Any:
        return response

    return async_to_sync(page_compression_middleware(view))(request)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("kind", "accepts", "is_compressed"),
    [
        ("text/html; charset=utf-8", "gzip, deflate, br", True),
        ("text/html; charset=utf-8", "br", False),
        ("text/html; charset=utf-8", "", False),
        ("application/json", "gzip", False),
        ("text/csv", "gzip", False),
        ("image/webp", "gzip", False),
        ("text/event-stream", "gzip", False),
    ],
)
def test_only_html_is_compressed_and_only_for_who_accepts_it(
    kind: str, accepts: str, is_compressed: bool, is_async: bool
) -> None:
    found = answer(HttpResponse(PAGE, content_type=kind), accepts, is_async=is_async)

    assert (found.headers.get("Content-Encoding") == "gzip") is is_compressed
    assert (gzip.decompress(found.content) if is_compressed else found.content) == PAGE.encode()
    assert (len(found.content) < len(PAGE) / 4) is is_compressed
    assert ("Accept-Encoding" in found.headers.get("Vary", "")) is kind.startswith("text/html")


@pytest.mark.parametrize("kind", ["text/html", "text/event-stream", "application/octet-stream"])
def test_a_stream_is_passed_on_part_by_part(kind: str) -> None:
    parts = [b"one " * 100, b"two " * 100]

    found = answer(StreamingHttpResponse(iter(parts), content_type=kind), "gzip", is_async=False)

    assert "Content-Encoding" not in found.headers
    assert list(found) == parts


@pytest.mark.django_db
def test_equal_pages_have_lengths_of_their_own(client: Client) -> None:
    """A length must not tell an attacker whether a guess occurs in the page."""
    answers = [client.get("/accounts/login/", headers={"Accept-Encoding": "gzip"}) for _ in range(12)]

    assert {response.headers["Content-Encoding"] for response in answers} == {"gzip"}
    assert len({len(response.content) for response in answers}) > 1
    assert all(b"csrfmiddlewaretoken" in gzip.decompress(response.content) for response in answers)
