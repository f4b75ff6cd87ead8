"""Serving icons: named by the hash of their content, so they never change and anybody may keep them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from gpts.assistants.services.icons import read_icon
from workspaces.web.public import public_page


@public_page
@require_safe
def show_icon(request: HttpRequest, digest: str) -> HttpResponse:
    response = HttpResponse(read_icon(digest), content_type="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
