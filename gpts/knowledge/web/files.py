"""The Knowledge tab: the files of the draft with their states; adding uploads and web pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import gpt_workspace_scope
from gpts.assistants.rules import GPTAct
from gpts.assistants.web.builder_frame import build_page_context, get_builder_frame
from gpts.knowledge.access import access_page_job
from gpts.knowledge.extraction import list_accepted, list_labels
from gpts.knowledge.failure_messages import describe_failure, describe_known_file
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import list_knowledge_files, list_removed_files, list_unfinished_page_jobs
from gpts.knowledge.remark_messages import describe_remarks
from gpts.knowledge.services.files import FILE_COUNT, upload_knowledge_file
from gpts.knowledge.services.rereading import reread_outdated_files
from gpts.knowledge.services.web_pages import request_page
from gpts.knowledge.states import FileState
from gpts.studio.web.preview_pane import build_preview_context
from workspaces.models import User
from workspaces.services.outbound_jobs import dismiss_job, retry_job
from workspaces.web.bodies import takes_files
from workspaces.web.people import person_of
from workspaces.web.refusals import error_body

PENDING = (FileState.WAITING, FileState.EXTRACTING)


@takes_files
@login_required
@require_http_methods(["GET", "POST"])
def build_knowledge(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the tab, or its list alone for htmx, which polls while files are being read; POST adds files."""
    person = person_of(request)
    if request.method != "POST":
        return _render_page(request, access_gpt(person, slug, to=GPTAct.VIEW_SETTINGS))
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    if "application/json" in request.headers.get("Accept", ""):
        return _add_one_file(request, gpt, by=person)
    errors = _add_all_files(request, gpt, by=person)
    return _render_page(request, gpt, {"file": errors}) if errors else redirect("gpts:build-knowledge", slug)


@login_required
@require_POST
def build_knowledge_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a web page by its address."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    url = request.POST.get("url", "")
    try:
        request_page(gpt=gpt, url=url, by=person, at=timezone.now())
    except DomainError as refusal:
        return _render_page(request, gpt, {"url": [str(refusal.message)]}, typed_url=url[:2000])
    messages.success(request, _("The page is being fetched. You need not wait for it."))
    return redirect("gpts:build-knowledge", slug)


@login_required
@require_POST
def build_knowledge_page_retry(request: HttpRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Fetch a page again whose fetching failed."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    job = access_page_job(person, gpt, job_id)
    with gpt_workspace_scope(gpt):
        try:
            retry_job(job=job, by=person, at=timezone.now())
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
    return redirect("gpts:build-knowledge", slug)


@login_required
@require_POST
def build_knowledge_page_dismiss(request: HttpRequest, slug: str, job_id: UUID) -> HttpResponse:
    """Remove a page from the list that waits or could not be fetched."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    job = access_page_job(person, gpt, job_id)
    with gpt_workspace_scope(gpt):
        try:
            dismiss_job(job=job)
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
    return redirect("gpts:build-knowledge", slug)


@login_required
@require_POST
def build_knowledge_reread_all(request: HttpRequest, slug: str) -> HttpResponse:
    """Have all files read again that an older reader read."""
    person = person_of(request)
    gpt = access_gpt(person, slug, to=GPTAct.EDIT)
    count = reread_outdated_files(gpt=gpt, by=person, at=timezone.now())
    text = ngettext("%(count)d file is being read again.", "%(count)d files are being read again.", count)
    messages.success(request, text % {"count": count})
    return redirect("gpts:build-knowledge", slug)


def annotate_file(file: KnowledgeFile) -> KnowledgeFile:
    """Set the attributes that templates show.

    ``failure_text``, ``reread_failure_text``, ``is_pending``, ``is_due`` (for review), ``remarks`` (list of
    RemarkText), ``has_gaps``.
    """
    document = file.document
    assert document is not None  # files of the draft have one
    today = timezone.localdate()
    file.failure_text = describe_failure(document.failure)  # type: ignore[attr-defined]  # for the template
    again = describe_failure(document.reread_failure)
    file.reread_failure_text = again  # type: ignore[attr-defined]  # for the template
    remarks = describe_remarks(document.remarks) if document.state == FileState.READY else []
    file.remarks = remarks  # type: ignore[attr-defined]  # for the template
    file.has_gaps = any(remark.is_gap for remark in remarks)  # type: ignore[attr-defined]  # for the template
    is_pending = document.state in PENDING or document.reread_at is not None
    file.is_pending = is_pending  # type: ignore[attr-defined]  # for the template
    file.is_due = file.review_on is not None and file.review_on <= today  # type: ignore[attr-defined]  # the same
    return file


def build_list_context(gpt: GPT) -> dict[str, Any]:
    files = [annotate_file(file) for file in list_knowledge_files(gpt)]
    jobs = list_unfinished_page_jobs(gpt)
    kept = list_removed_files(gpt)
    documents = [file.document for file in (*files, *kept) if file.document is not None]
    return {
        "files": files,
        "jobs": jobs,
        "kept": kept,
        "outdated": sum(document.is_outdated and document.reread_at is None for document in documents),
        "limit": FILE_COUNT,
        "is_full": len(files) >= FILE_COUNT,
        "pending": sum(file.is_pending for file in files)  # type: ignore[attr-defined]  # set above
        + sum(job.is_open for job in jobs),
        "due": sum(file.is_due for file in files),  # type: ignore[attr-defined]  # set above
    }


def _render_page(
    request: HttpRequest, gpt: GPT, errors: dict[str, list[str]] | None = None, typed_url: str = ""
) -> HttpResponse:
    list_context = build_list_context(gpt)
    if request.headers.get("HX-Request") == "true" and not errors:
        frame = get_builder_frame(person_of(request), gpt)
        response = render(
            request,
            "gpts/knowledge/_list.html",
            {"gpt": gpt, "frame": frame, "is_part": True, **list_context},
        )
    else:
        context = build_page_context(
            request,
            gpt,
            "knowledge",
            accept=list_accepted(),
            kinds=_(", ").join(list_labels()),
            megabytes=settings.KNOWLEDGE_FILE_BYTES // (1024 * 1024),
            file_bytes=settings.KNOWLEDGE_FILE_BYTES,
            errors=errors or {},
            typed_url=typed_url,
            **build_preview_context(gpt, person_of(request)),
            **list_context,
        )
        response = render(request, "gpts/knowledge/list.html", context, status=400 if errors else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _add_one_file(request: HttpRequest, gpt: GPT, *, by: User) -> HttpResponse:
    """Add one file for the page's script, which shows the result of each file; answers with JSON."""
    upload = request.FILES.get("file")
    if upload is None:
        problem = {"code": "required", "message": _("Choose a file first."), "field": "file", "data": {}}
        return JsonResponse({"error": problem}, status=400)
    try:
        file = upload_knowledge_file(gpt=gpt, upload=upload, by=by, at=timezone.now())
    except DomainError as refusal:
        return JsonResponse(error_body(refusal), status=refusal.status)
    if file.is_already_there:
        return JsonResponse({"id": file.pk, "name": file.name, "note": describe_known_file(file)})
    return JsonResponse({"id": file.pk, "name": file.name}, status=201)


def _add_all_files(request: HttpRequest, gpt: GPT, *, by: User) -> list[str]:
    """Add all uploads; refused ones do not affect the others. Returns a message for each refusal."""
    uploads = request.FILES.getlist("file")[: FILE_COUNT + 1]
    if not uploads:
        return [_("Choose a file first.")]
    refused = []
    added = 0
    for upload in uploads:
        try:
            file = upload_knowledge_file(gpt=gpt, upload=upload, by=by, at=timezone.now())
        except DomainError as refusal:
            refused.append(f"{(upload.name or '')[:80]}: {refusal.message}")
            continue
        if file.is_already_there:
            messages.info(request, f"{(upload.name or '')[:80]}: {describe_known_file(file)}")
        else:
            added += 1
    if added:
        text = ngettext("%(count)d file was added.", "%(count)d files were added.", added)
        messages.success(request, text % {"count": added})
    return refused
