"""The preview as a page of its own, and starting it over."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import WITH_PREVIEW, build_page_context
from gpts.chat.services.previews import delete_previews
from gpts.studio.web.preview_pane import build_preview_context
from workspaces.web.people import person_of


@login_required
@require_GET
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    context = build_page_context(request, gpt, "preview", **build_preview_context(gpt, user))
    return render(request, "gpts/studio/preview.html", context)


@login_required
@require_POST
def start_over(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete the person's previews of this GPT, then show the page they came from."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    delete_previews(gpt=gpt, by=user, at=timezone.now())
    page = request.POST.get("page", "")
    return redirect(f"gpts:build-{page if page in WITH_PREVIEW else 'preview'}", gpt.slug)
