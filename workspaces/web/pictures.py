"""Answers with a stored or drawn picture, which is the same for everybody."""

from __future__ import annotations

from django.http import HttpResponse

FOREVER = "max-age=31536000, immutable"


def answer_picture(content: bytes, content_type: str, *, caching: str = FOREVER) -> HttpResponse:
    """Answer with a picture that caches may keep; opened by itself it can do nothing."""
    response = HttpResponse(content, content_type=content_type)
    response.headers["Cache-Control"] = f"public, {caching}"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
