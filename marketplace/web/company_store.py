"""/w/<workspace>/admin/store: the sections of the private store."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from gpts.assistants.services.store_blocks import block_in_store, unblock_in_store
from marketplace import queries
from marketplace.access import access_company_gpt, access_section
from marketplace.models import StoreSection
from marketplace.services.company_store import (
    MAX_ENTRIES,
    EntryDraft,
    SectionDraft,
    change_section,
    create_section,
    delete_section,
)
from marketplace.states import GROUP_SECTIONS, SectionKind
from workspaces.access import WorkspaceAct, access_workspace
from workspaces.models import Workspace
from workspaces.queries import list_groups
from workspaces.web.people import person_of

EMPTY_ROWS = 3
OFFERED_GPTS = 500
OFFERED_GROUPS = 500


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sections(request: HttpRequest, workspace: str) -> HttpResponse:
    """List the sections; POST makes one."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_STORE)
    refusal: DomainError | None = None
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        draft = SectionDraft(
            title=request.POST.get("title", ""), text=request.POST.get("text", ""), entries=()
        )
        try:
            made = create_section(workspace=tenant, kind=kind, draft=draft, by=user, at=timezone.now())
        except DomainError as error:
            refusal = error
        else:
            messages.success(request, _("Choose its GPTs now."))
            return redirect("marketplace:store-section", tenant.slug, made.pk)
    return _show_sections(request, tenant, refusal)


def _show_sections(
    request: HttpRequest, tenant: Workspace, refusal: DomainError | None, *, form: str = "section"
) -> HttpResponse:
    """Show the page, with the refusal at the form that was sent and what was typed into it."""
    context = {
        "workspace": tenant,
        "accent": tenant.accent,
        "refused_form": form if refusal else "",
        "blocked": queries.list_blocked_gpts(tenant)[:OFFERED_GPTS],
        "sections": queries.read_sections(queries.list_sections(tenant).select_related("group")),
        "kinds": SectionKind.choices,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(
        request, "marketplace/store_sections.html", context, status=refusal.status if refusal else 200
    )


@login_required
@require_POST
def block(request: HttpRequest, workspace: str) -> HttpResponse:
    """Block a GPT of the company in its store, from this page or from the GPT's own."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_STORE)
    reason = request.POST.get("reason", "")
    try:
        gpt = access_company_gpt(tenant, request.POST.get("gpt", ""))
        block_in_store(gpt=gpt, reason=reason, by=user, at=timezone.now())
    except DomainError as error:
        return _show_sections(request, tenant, error, form="block")
    messages.success(request, _("Blocked. Nobody here can use it now; its owner is told why."))
    if request.POST.get("back") == "about":
        return redirect("marketplace:about-show", gpt.slug)
    return redirect("marketplace:store-section-list", tenant.slug)


@login_required
@require_POST
def block_lift(request: HttpRequest, workspace: str, slug: str) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_STORE)
    gpt = unblock_in_store(gpt=access_company_gpt(tenant, slug), by=user, at=timezone.now())
    messages.success(request, _("The block is lifted. What is live answers again."))
    if request.POST.get("back") == "about":
        return redirect("marketplace:about-show", gpt.slug)
    return redirect("marketplace:store-section-list", tenant.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, workspace: str, section_id: int) -> HttpResponse:
    """Show one section; POST saves it whole."""
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_STORE)
    found = access_section(tenant, section_id)
    refusal: DomainError | None = None
    if request.method == "POST":
        try:
            change_section(section=found, draft=_read_draft(request.POST), by=user, at=timezone.now())
        except DomainError as error:
            refusal = error
            found = access_section(tenant, section_id)
        else:
            messages.success(request, _("Saved"))
            return redirect("marketplace:store-section-list", tenant.slug)
    context = _build_context(tenant, found, request.POST if refusal else None) | {"refusal": refusal}
    return render(
        request, "marketplace/store_section.html", context, status=refusal.status if refusal else 200
    )


@login_required
@require_POST
def section_delete(request: HttpRequest, workspace: str, section_id: int) -> HttpResponse:
    user = person_of(request)
    tenant = access_workspace(user, workspace, to=WorkspaceAct.MANAGE_STORE)
    delete_section(section=access_section(tenant, section_id), by=user, at=timezone.now())
    messages.success(request, _("The section is removed. Its GPTs stay in the store."))
    return redirect("marketplace:store-section-list", tenant.slug)


def _read_draft(posted: QueryDict) -> SectionDraft:
    rows = [
        EntryDraft(slug, reason)
        for slug, reason in zip(posted.getlist("gpt"), posted.getlist("reason"), strict=False)
        if slug
    ]
    return SectionDraft(
        title=posted.get("title", ""),
        text=posted.get("text", ""),
        entries=rows,
        group_id=_parse_number(posted.get("group", "")),
        place=_parse_number(posted.get("place", "")),
    )


def _parse_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _build_context(tenant: Workspace, found: StoreSection, typed: QueryDict | None) -> dict[str, Any]:
    """Return the context of a section's form: as stored, or as typed where it was refused."""
    if typed is None:
        rows = [(entry.gpt.slug, entry.reason) for entry in queries.list_entries(found)]
        values = {
            "title": found.title,
            "text": found.text,
            "place": found.position + 1,
            "group": found.group_id,
        }
    else:
        draft = _read_draft(typed)
        rows = [(entry.gpt, entry.reason) for entry in draft.entries]
        values = {"title": draft.title, "text": draft.text, "place": draft.place, "group": draft.group_id}
    gpts = queries.list_private_gpts(tenant.pk).order_by("name", "id")[:OFFERED_GPTS]
    # Also what stands in the section and is not live now, or beyond the list: saving must not drop it.
    placed = [(entry.gpt.slug, entry.gpt.name) for entry in queries.list_entries(found)]
    free = min(EMPTY_ROWS, max(MAX_ENTRIES - len(rows), 0))
    takes_group = found.kind in GROUP_SECTIONS
    return {
        "workspace": tenant,
        "accent": tenant.accent,
        "section": found,
        "values": values,
        "rows": [{"gpt": slug, "reason": reason} for slug, reason in (*rows, *[("", "")] * free)],
        "gpts": list(dict([*gpts.values_list("slug", "name"), *placed]).items()),
        "takes_group": takes_group,
        "groups": list(list_groups(tenant).order_by("name")[:OFFERED_GROUPS]) if takes_group else [],
    }
