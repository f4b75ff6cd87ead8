"""My GPTs, and making a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.markdown import render as render_markdown
from core.pagination import paginate
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_own_gpts
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import create_gpt, delete_gpt
from gpts.assistants.web.builder_frame import get_icon_url
from gpts.studio.gpt_templates import PATTERNS, find_pattern
from gpts.studio.services.duplicates import duplicate_gpt
from gpts.studio.web.forms import NewGPTForm, show_refusal
from marketplace.services.listings import delist_listing
from marketplace.states import ListingState
from reviews.queries import submission_status
from reviews.queries.submissions import gpts_in_review
from workspaces.access import WorkspaceAct, access_workspace, personal_workspace
from workspaces.queries import get_user_roles
from workspaces.states import BUILDER_ROLES


@login_required
@require_GET
def build_list(request: HttpRequest) -> HttpResponse:
    page = paginate(
        list_own_gpts(request.user),
        order=("-updated_at", "-id"),
        cursor=request.GET.get("cursor", ""),
        size=24,
    )
    in_review = gpts_in_review([gpt.pk for gpt in page.items])
    rows = [
        {
            "gpt": gpt,
            "icon_url": get_icon_url(gpt),
            "state": _state(gpt, in_review),
            "is_inside": _is_inside(gpt),
        }
        for gpt in page.items
    ]
    return render(request, "gpts/studio/list.html", {"rows": rows, "page": page})


def _state(gpt: Any, in_review: set[int]) -> dict[str, Any]:
    """Return what stands beside a GPT's name: badges of kind and text."""
    if gpt.quarantined_at is not None:
        return {"kind": "bad", "label": _("Quarantined")}
    if gpt.pk in in_review:
        return {"kind": "info", "label": _("In review")}
    if gpt.live_audiences:
        return {"kind": "good", "label": _("Live")}
    return {"kind": "", "label": _("Draft")}


def _is_inside(gpt: GPT) -> bool:
    return gpt.workspace.person_id is None


@login_required
@require_http_methods(["GET", "POST"])
def build_new(request: HttpRequest) -> HttpResponse:
    places = _places(request.user)
    chosen = request.POST.get("pattern") or request.GET.get("pattern", "")
    form = NewGPTForm(request.POST or None, places=places, initial={"pattern": find_pattern(chosen).key})
    if request.method == "POST":
        try:
            gpt = _create(request)
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            tab = "create" if request.POST.get("talk") else "configure"
            return redirect(f"gpts:build-{tab}", gpt.slug)
    options = [
        {
            "key": pattern.key,
            "label": pattern.label,
            "text": pattern.text,
            "icon": pattern.icon,
            "draft": pattern.draft,
            "sets_up": pattern.sets_up,
            "html": render_markdown(str(pattern.draft.get("instructions", ""))),
        }
        for pattern in PATTERNS
    ]
    context = {
        "form": form,
        "options": options,
        "chosen": find_pattern(chosen).key,
        "has_choice": len(places) > 1,
    }
    return render(request, "gpts/studio/new.html", context, status=400 if form.errors else 200)


def _create(request: HttpRequest) -> GPT:
    slug = request.POST.get("workspace", "")
    user: Any = request.user
    workspace = access_workspace(user, slug, to=WorkspaceAct.BUILD) if slug else personal_workspace(user)
    is_talk = bool(request.POST.get("talk"))
    fields = {} if is_talk else find_pattern(request.POST.get("pattern", "")).fields()
    name = request.POST.get("name", "")
    if is_talk and not name.strip():
        # The conversation finds the name.
        name = _("New GPT")
    return create_gpt(
        workspace=workspace,
        owner=user,
        by=user,
        at=timezone.now(),
        **{**fields, "name": name},
    )


def _places(user: Any) -> list[tuple[str, str]]:
    """Return the workspaces in which the person may build, their own first."""
    return [(seat.slug, seat.name) for seat in get_user_roles(user).memberships if seat.role in BUILDER_ROLES]


@login_required
@require_POST
def build_duplicate(request: HttpRequest, slug: str) -> HttpResponse:
    """Whoever may look at the settings may have a draft of their own with them."""
    gpt = access_gpt(request.user, slug, to=GPTAct.VIEW_SETTINGS)
    try:
        copy = duplicate_gpt(gpt=gpt, by=request.user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-configure", slug)
    messages.success(
        request, _("This is your copy of “%(name)s”. Nobody else sees it yet.") % {"name": gpt.name}
    )
    return redirect("gpts:build-configure", copy.slug)


@login_required
@require_POST
def build_delete(request: HttpRequest, slug: str) -> HttpResponse:
    gpt = access_gpt(request.user, slug, to=GPTAct.MANAGE)
    now = timezone.now()
    try:
        delete_gpt(
            gpt=gpt,
            typed_name=request.POST.get("confirmation", ""),
            is_under_review=submission_status(gpt).is_open,
            by=request.user,
            at=now,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-share", slug)
    listing = getattr(gpt, "listing", None)
    if listing is not None and listing.state == ListingState.LISTED:
        user: Any = request.user
        delist_listing(listing=listing, by=user, at=now, reason="deleted by its owner")
    messages.success(request, _("“%(name)s” was deleted.") % {"name": gpt.name})
    return redirect("gpts:build-list")
