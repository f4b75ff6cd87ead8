"""The page of one knowledge file: its extracted text, and changing, removing or deleting it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.dates import read_date
from core.errors import DomainError, InvalidInput
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import build_page_context
from gpts.knowledge.access import access_knowledge_file
from gpts.knowledge.extraction import list_accepted
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import find_page_position, list_passages
from gpts.knowledge.services.files import (
    erase_file,
    remove_knowledge_file,
    replace_file,
    retry_file,
    update_file,
)
from gpts.knowledge.services.rereading import reread_file
from gpts.knowledge.services.web_pages import request_fetch_again
from gpts.knowledge.web.files import annotate_file
from workspaces.models import User
from workspaces.web.bodies import takes_files
from workspaces.web.people import person_of

PASSAGES_ON_A_PAGE = 50


@login_required
@require_GET
def build_knowledge_text(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.VIEW_SETTINGS)
    file = access_knowledge_file(person, gpt, file_id, include_removed=True)
    return _render_page(request, gpt, file)


@login_required
@require_POST
def build_knowledge_update(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    """Rename a file and set its review date."""

    def change(file: KnowledgeFile, by: User) -> KnowledgeFile:
        review_on = _parse_date(request.POST.get("review_on", ""))
        name = request.POST.get("name", "")
        return update_file(file=file, name=name, review_on=review_on, by=by, at=timezone.now())

    return _change_file(request, slug, file_id, change, _("“%(name)s” was saved."))


@takes_files
@login_required
@require_POST
def build_knowledge_replace(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    def change(file: KnowledgeFile, by: User) -> KnowledgeFile:
        upload = request.FILES.get("file")
        if upload is None:
            raise InvalidInput(_("Choose a file first."), code="required", field="file")
        return replace_file(file=file, upload=upload, by=by, at=timezone.now())

    return _change_file(request, slug, file_id, change, _("“%(name)s” was replaced."))


@login_required
@require_POST
def build_knowledge_fetch(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    """Have the file's address fetched again; the list of files shows how it goes."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    file = access_knowledge_file(person, gpt, file_id)
    try:
        request_fetch_again(file=file, by=person, at=timezone.now())
    except DomainError as refusal:
        return _render_page(request, gpt, file, {refusal.field or "form": str(refusal.message)})
    messages.success(request, _("The page is being fetched. You need not wait for it."))
    return redirect("gpts:build-knowledge", slug)


@login_required
@require_POST
def build_knowledge_retry(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    file = access_knowledge_file(person, gpt, file_id)
    retry_file(file=file, by=person, at=timezone.now())
    return redirect("gpts:build-knowledge", slug)


@login_required
@require_POST
def build_knowledge_reread(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    """Have a file read again that an older reader read, also one kept for frozen versions."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    file = access_knowledge_file(person, gpt, file_id, include_removed=True)
    reread_file(file=file, by=person, at=timezone.now())
    return redirect("gpts:build-knowledge-text", slug, file.pk)


@login_required
@require_POST
def build_knowledge_delete(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    file = access_knowledge_file(person, gpt, file_id)
    remove_knowledge_file(file=file, by=person, at=timezone.now())
    messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect("gpts:build-knowledge", slug)


@login_required
@require_POST
def build_knowledge_erase(request: HttpRequest, slug: str, file_id: int) -> HttpResponse:
    """Delete a file from the draft and from all versions."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    file = access_knowledge_file(person, gpt, file_id, include_removed=True)
    confirmation = request.POST.get("confirmation", "")
    try:
        erase_file(file=file, confirmation=confirmation, by=person, at=timezone.now())
    except InvalidInput as refusal:
        return _render_page(request, gpt, file, {refusal.field: str(refusal.message)})
    messages.success(request, _("“%(name)s” was deleted everywhere.") % {"name": file.name})
    return redirect("gpts:build-knowledge", slug)


def _change_file(
    request: HttpRequest,
    slug: str,
    file_id: int,
    change: Callable[[KnowledgeFile, User], KnowledgeFile],
    success: str,
) -> HttpResponse:
    """Change a file; on a DomainError show its page with the message and what was typed."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    file = access_knowledge_file(person, gpt, file_id)
    try:
        file = change(file, person)
    except DomainError as refusal:
        return _render_page(request, gpt, file, {refusal.field or "form": str(refusal.message)})
    messages.success(request, success % {"name": file.name})
    return redirect("gpts:build-knowledge-text", slug, file.pk)


def _render_page(
    request: HttpRequest, gpt: GPT, file: KnowledgeFile, errors: dict[str, str] | None = None
) -> HttpResponse:
    start = _parse_start(request, file)
    passages = list_passages(file, start=start, size=PASSAGES_ON_A_PAGE)
    total = file.document.passage_count if file.document else 0
    end = start + len(passages)
    context: dict[str, Any] = build_page_context(
        request,
        gpt,
        "knowledge",
        file=annotate_file(file),
        passages=passages,
        first=start + 1,
        last=end,
        total=total,
        next_start=end if end < total else None,
        previous_start=max(start - PASSAGES_ON_A_PAGE, 0) if start else None,
        has_pages=any(passage.page for passage in passages),
        has_sheets=any(passage.page and passage.first_row for passage in passages),
        errors=errors or {},
        typed=request.POST if errors else {},
        accept=list_accepted(),
        megabytes=settings.KNOWLEDGE_FILE_BYTES // (1024 * 1024),
    )
    return render(request, "gpts/knowledge/file.html", context, status=400 if errors else 200)


def _parse_start(request: HttpRequest, file: KnowledgeFile) -> int:
    """Return the position of the first passage to show: ``from``, or the beginning of ``page``."""
    page, position = request.GET.get("page", ""), request.GET.get("from", "")
    if page.isdecimal() and len(page) < 8:
        return find_page_position(file, int(page))
    return int(position) if position.isdecimal() and len(position) < 8 else 0


def _parse_date(text: str) -> date | None:
    return read_date(text, field="review_on") if text.strip() else None
