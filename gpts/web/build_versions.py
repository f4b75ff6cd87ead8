"""The Versions tab: what was frozen, what changed, going back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError
from core.pagination import paginate
from gpts.access import GPTAct, access_gpt, access_version
from gpts.comparison import state_of
from gpts.diffs import compare
from gpts.models import Version
from gpts.queries import versions_of
from gpts.services.versions import (
    content_of,
    draft_hash,
    freeze_version,
    restore_version,
)
from gpts.states import Audience
from gpts.web.build_frame import page_context

LOG_SIZE = 200


@login_required
@require_GET
def build_versions(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    page = paginate(versions_of(gpt), order=("-number",), cursor=request.GET.get("cursor", ""), size=20)
    hash_now = draft_hash(gpt)
    rows = [
        {
            "version": version,
            "live": [Audience(row.audience).label for row in version.live_for.all()],
            "is_draft": version.content_hash == hash_now,
        }
        for version in page.items
    ]
    is_frozen = bool(rows) and bool(rows[0]["is_draft"]) and not page.previous_cursor
    context = page_context(request, gpt, "versions", page=page, rows=rows, is_frozen=is_frozen)
    return render(request, "gpts/build/versions.html", context)


@login_required
@require_POST
def build_freeze(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    try:
        version = freeze_version(
            gpt=gpt,
            release_notes=request.POST.get("release_notes", ""),
            by=request.user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Version %(number)s holds the draft.") % {"number": version.number})
    return redirect("gpts:build-versions", slug)


@login_required
@require_GET
def build_diff(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    before = state_of(request.user, gpt, request.GET.get("from", ""))
    after = state_of(request.user, gpt, request.GET.get("to", "draft"))
    context = page_context(
        request,
        gpt,
        "versions",
        before=before,
        after=after,
        differences=compare(before.content, after.content),
    )
    return render(request, "gpts/build/diff.html", context)


@login_required
@require_POST
def build_restore(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.EDIT)
    version = access_version(request.user, gpt, number)
    sent = request.POST.get("revision", "")
    try:
        restore_version(
            gpt=gpt,
            version=version,
            revision=int(sent) if sent.isdecimal() and len(sent) < 10 else 0,
            by=request.user,
            at=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-versions", slug)
    messages.success(request, _("The draft is version %(number)s again.") % {"number": number})
    return redirect("gpts:build-configure", slug)


@login_required
@require_GET
def build_change_log(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    versions = list(versions_of(gpt)[: LOG_SIZE + 1])
    log = {
        "gpt": gpt.slug,
        "name": gpt.name,
        "versions": [_entry(version, before) for version, before in _pairs(versions)][:LOG_SIZE],
    }
    response = JsonResponse(log, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response.headers["Content-Disposition"] = f'attachment; filename="{gpt.slug}-changes.json"'
    return response


def _pairs(versions: list[Version]) -> list[tuple[Version, Version | None]]:
    return list(zip(versions, [*versions[1:], None], strict=True))


def _entry(version: Version, before: Version | None) -> dict[str, Any]:
    content = content_of(version, knowledge_hashes=list(version.knowledge_hashes))
    old = None if before is None else content_of(before, knowledge_hashes=list(before.knowledge_hashes))
    return {
        "number": version.number,
        "created_at": version.created_at.isoformat(),
        "created_by": str(version.created_by),
        "release_notes": version.release_notes,
        "content_hash": version.content_hash,
        "changes": [] if old is None else [difference.as_json() for difference in compare(old, content)],
    }
