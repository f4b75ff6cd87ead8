"""The Knowledge tab: files of the draft, and what was read from them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from gpts.access import GPTAct, access_gpt, access_knowledge_file
from gpts.extraction import MEDIA_TYPES
from gpts.knowledge_queries import knowledge_files, passages_of
from gpts.models import GPT
from gpts.services.knowledge import FILE_COUNT, add_knowledge_file, remove_knowledge_file
from gpts.web.build_frame import page_context

PASSAGES_ON_A_PAGE = 50


@login_required
@require_http_methods(["GET", "POST"])
def build_knowledge(request: HttpRequest, slug: str) -> HttpResponse:
    if request.method == "POST":
        gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
        error = _upload(request, gpt)
        if not error:
            return redirect("gpts:build-knowledge", slug)
    else:
        gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
        error = ""
    files = knowledge_files(gpt)
    context = page_context(
        request,
        gpt,
        "knowledge",
        files=files,
        limit=FILE_COUNT,
        is_full=len(files) >= FILE_COUNT,
        accept=",".join(MEDIA_TYPES),
        megabytes=settings.KNOWLEDGE_FILE_BYTES // (1024 * 1024),
        error=error,
    )
    return render(request, "gpts/build/knowledge.html", context, status=400 if error else 200)


def _upload(request: HttpRequest, gpt: GPT) -> str:
    """Take in what was sent; files that can be read are kept though others are refused."""
    uploads = request.FILES.getlist("file")[: FILE_COUNT + 1]
    if not uploads:
        return _("Choose a file first.")
    refused = []
    for upload in uploads:
        try:
            add_knowledge_file(gpt=gpt, upload=upload, by=request.user, at=timezone.now())
        except DomainError as refusal:
            refused.append(f"{(upload.name or '')[:80]}: {refusal.message}")
    added = len(uploads) - len(refused)
    if added:
        text = ngettext("%(count)d file was added.", "%(count)d files were added.", added)
        messages.success(request, text % {"count": added})
    return " ".join(refused)


@login_required
@require_GET
def build_knowledge_text(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    file = access_knowledge_file(request.user, gpt, file_id)
    sent = request.GET.get("from", "")
    start = int(sent) if sent.isdecimal() and len(sent) < 8 else 0
    passages = passages_of(file, start=start, size=PASSAGES_ON_A_PAGE + 1)
    context = page_context(
        request,
        gpt,
        "knowledge",
        file=file,
        passages=passages[:PASSAGES_ON_A_PAGE],
        next_start=start + PASSAGES_ON_A_PAGE if len(passages) > PASSAGES_ON_A_PAGE else None,
        previous_start=max(start - PASSAGES_ON_A_PAGE, 0) if start else None,
    )
    return render(request, "gpts/build/knowledge_text.html", context)


@login_required
@require_POST
def build_knowledge_delete(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    file = access_knowledge_file(request.user, gpt, file_id)
    remove_knowledge_file(file=file, by=request.user, at=timezone.now())
    messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect("gpts:build-knowledge", slug)
