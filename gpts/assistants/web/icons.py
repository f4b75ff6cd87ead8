"""Serve icons: pictures under hashes of their content, drawn ones under the number of their form."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.errors import NotFound
from core.look.icon_files import render_icon_file
from gpts.assistants.services.icons import read_icon
from workspaces.web.own_scopes import opens_own_scopes
from workspaces.web.pictures import answer_picture
from workspaces.web.public import public_page


@public_page
@require_safe
def show_icon(request: HttpRequest, digest: str) -> HttpResponse:
    return answer_picture(read_icon(digest), "image/webp")


@opens_own_scopes
@require_safe
def show_drawn_icon(request: HttpRequest, tint: str, form: int) -> HttpResponse:
    """Show a drawing to everybody. It reads no row, and its address names no GPT."""
    content = render_icon_file(tint, form)
    if content is None:
        raise NotFound(_("There is no such picture."), code="icon_not_found")
    # A release may draw a form anew.
    return answer_picture(content, "image/svg+xml", caching="max-age=604800")
