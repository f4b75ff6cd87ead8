"""The Versions tab: what was frozen, what changed, going back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.pagination import paginate
from gpts.assistants.access import access_gpt, access_version
from gpts.assistants.audiences import list_direct_audiences
from gpts.assistants.change_log import get_change_log, render_change_log_markdown
from gpts.assistants.comparison import compare_snapshots, get_snapshot
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_versions
from gpts.assistants.queries.versions import get_knowledge_labels, list_version_numbers
from gpts.assistants.rules import GPTAct
from gpts.assistants.states import Audience
from gpts.assistants.web.builder_frame import build_page_context, get_builder_frame, get_tab_url
from gpts.studio.services.sharing import restore_keeping, share_draft


@login_required
@require_GET
def build_versions(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    return _page(request, gpt)


def _page(
    request: HttpRequest, gpt: GPT, *, status: int = 200, refusal: DomainError | None = None
) -> HttpResponse:
    page = paginate(list_versions(gpt), order=("-number",), cursor=request.GET.get("cursor", ""), size=20)
    frame = get_builder_frame(request.user, gpt)
    rows: list[dict[str, Any]] = [
        {
            "version": version,
            "live": [Audience(row.audience).label for row in version.live_for.all()],
            "is_draft": version.content_hash == frame.draft_hash,
            "is_ahead": version.number > frame.newest_live,
        }
        for version in page.items
    ]
    is_frozen = bool(rows) and bool(rows[0]["is_draft"]) and not page.previous_cursor
    context = build_page_context(
        request,
        gpt,
        "versions",
        frame=frame,
        page=page,
        rows=rows,
        is_frozen=is_frozen,
        same_as=next((row["version"].number for row in rows if row["is_draft"]), None),
        numbers=list_version_numbers(gpt) if rows else [],
        kept=_number(request.GET.get("kept", "")),
        restored=_number(request.GET.get("restored", "")),
        refusal=refusal,
        tests_url=get_tab_url("tests", gpt.slug),
        notes=request.POST.get("release_notes", ""),
    )
    live = frame.live
    context["targets"] = [
        {"value": audience.value, "label": audience.label, "number": live[audience].version.number}
        for audience in list_direct_audiences(gpt)
        if audience in live
    ]
    return render(request, "gpts/studio/versions.html", context, status=status)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@login_required
@require_POST
def build_freeze(request: HttpRequest, slug: str) -> HttpResponse:
    """Update: freeze the draft, and make it live where the person ticked it."""
    audiences = request.POST.getlist("live")
    gpt = access_gpt(request.user, slug, to=GPTAct.MANAGE if audiences else GPTAct.EDIT)
    try:
        version = share_draft(
            gpt=gpt,
            audiences=audiences,
            release_notes=request.POST.get("release_notes", ""),
            by=request.user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        return _page(request, gpt, status=refusal.status, refusal=refusal)
    if audiences:
        messages.success(request, _("Version %(number)s is live.") % {"number": version.number})
    else:
        messages.success(request, _("Version %(number)s holds the draft.") % {"number": version.number})
    return redirect("gpts:build-versions", slug)


@login_required
@require_GET
def build_version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """One version for good: its address never shows anything else."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    version = access_version(request.user, gpt, number)
    before = gpt.versions.filter(number__lt=number).order_by("-number").first()
    after_state = get_snapshot(request.user, gpt, str(number))
    changes = (
        compare_snapshots(
            gpt, get_snapshot(request.user, gpt, str(before.number)), after_state, in_words=True
        )
        if before
        else []
    )
    files = get_knowledge_labels(gpt, version.knowledge_hashes)
    frame = get_builder_frame(request.user, gpt)
    context = build_page_context(
        request,
        gpt,
        "versions",
        frame=frame,
        version=version,
        before=before,
        changes=changes,
        files=sorted(files.values()),
        live=[Audience(row.audience).label for row in version.live_for.all()],
        is_draft=version.content_hash == frame.draft_hash,
        is_ahead=version.number > frame.newest_live,
    )
    return render(request, "gpts/studio/version.html", context)


@login_required
@require_GET
def build_diff(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    before = get_snapshot(request.user, gpt, request.GET.get("from", ""))
    after = get_snapshot(request.user, gpt, request.GET.get("to", "draft"))
    context = build_page_context(
        request,
        gpt,
        "versions",
        before=before,
        after=after,
        numbers=list_version_numbers(gpt),
        differences=compare_snapshots(gpt, before, after, in_words=True),
    )
    return render(request, "gpts/studio/diff.html", context)


@login_required
@require_POST
def build_restore(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    version = access_version(request.user, gpt, number)
    try:
        _draft, kept = restore_keeping(
            gpt=gpt,
            version=version,
            revision=_number(request.POST.get("revision", "")) or 0,
            by=request.user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-versions", slug)
    messages.success(request, _("The draft is version %(number)s again.") % {"number": number})
    query = "" if kept is None or request.POST.get("undo") else f"?restored={number}&kept={kept.number}"
    return redirect(reverse("gpts:build-versions", args=[slug]) + query)


@login_required
@require_GET
def build_change_log(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    response = JsonResponse(get_change_log(gpt), json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="{gpt.slug}-changes.json"'
    return response


@login_required
@require_GET
def build_change_log_markdown(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    response = HttpResponse(render_change_log_markdown(gpt), content_type="text/markdown; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{gpt.slug}-changes.md"'
    return response
