"""The Preview tab: a chat with the draft, in the chat's own pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import build_page_context, build_preview_context


@login_required
@require_GET
def build_preview(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    context = build_page_context(request, gpt, "preview", **build_preview_context(gpt))
    return render(request, "gpts/studio/preview.html", context)
