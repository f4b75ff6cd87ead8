"""The list of a person's GPTs; create, duplicate and delete one."""

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
from gpts.assistants.queries.gpts import list_own_gpts, list_shared_gpts
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.gpts import create_gpt, delete_gpt
from gpts.assistants.web.builder_frame import get_icon_url, get_tab_url
from gpts.studio.gpt_templates import GPTTemplate, get_template, list_templates
from gpts.studio.services.duplicates import duplicate_gpt
from gpts.studio.web.forms import NewGPTForm, show_refusal
from marketplace.services.listings import delist_listing
from marketplace.states import ListingState
from reviews.queries import submission_status
from reviews.queries.submissions import gpts_in_review
from workspaces.access import WorkspaceAct, access_workspace, personal_workspace
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.states import BUILDER_ROLES
from workspaces.web.people import person_of

SHOWN_SHARED = 100


@login_required
@require_GET
def gpt_list(request: HttpRequest) -> HttpResponse:
    page = paginate(
        list_own_gpts(person_of(request)),
        order=("-updated_at", "-id"),
        cursor=request.GET.get("cursor", ""),
        size=24,
    )
    in_review = gpts_in_review([gpt.pk for gpt in page.items])
    rows = [
        {
            "gpt": gpt,
            "icon_url": get_icon_url(gpt),
            "state": _build_badge(gpt, in_review),
            "is_company": _is_in_company(gpt),
        }
        for gpt in page.items
    ]
    shared = [
        {"gpt": gpt, "icon_url": get_icon_url(gpt)}
        for gpt in list_shared_gpts(person_of(request))[:SHOWN_SHARED]
    ]
    return render(request, "gpts/studio/list.html", {"rows": rows, "page": page, "shared": shared})


def _build_badge(gpt: Any, in_review: set[int]) -> dict[str, Any]:
    """Return the kind and the text of the badge beside a GPT's name."""
    if gpt.quarantined_at is not None:
        return {"kind": "bad", "label": _("Quarantined")}
    if gpt.blocked_at is not None:
        return {"kind": "bad", "label": _("Blocked in the store")}
    if gpt.pk in in_review:
        return {"kind": "info", "label": _("In review")}
    if gpt.live_audiences:
        return {"kind": "good", "label": _("Live")}
    return {"kind": "", "label": _("Draft")}


def _is_in_company(gpt: GPT) -> bool:
    return gpt.workspace.person_id is None


@login_required
@require_http_methods(["GET", "POST"])
def new_gpt(request: HttpRequest) -> HttpResponse:
    workspaces = _list_workspace_choices(person_of(request))
    templates = list_templates(with_actions=_has_actions())
    chosen = _get_template(request.POST.get("pattern") or request.GET.get("pattern", "")).key
    form = NewGPTForm(
        request.POST or None, workspaces=workspaces, templates=templates, initial={"pattern": chosen}
    )
    if request.method == "POST":
        try:
            gpt = _create_gpt(request)
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            tab = "create" if request.POST.get("talk") else "configure"
            return redirect(f"gpts:build-{tab}", gpt.slug)
    options = [
        {
            "key": template.key,
            "label": template.label,
            "text": template.text,
            "icon": template.icon,
            "draft": template.draft,
            "sets_up": template.sets_up,
            "html": render_markdown(str(template.draft.get("instructions", ""))),
        }
        for template in templates
    ]
    context = {
        "form": form,
        "options": options,
        "chosen": chosen,
        "has_choice": len(workspaces) > 1,
    }
    return render(request, "gpts/studio/new.html", context, status=400 if form.errors else 200)


def _get_template(key: str) -> GPTTemplate:
    return get_template(key, with_actions=_has_actions())


def _has_actions() -> bool:
    """Whether the builder has a page for actions."""
    return bool(get_tab_url("actions", "any"))


def _create_gpt(request: HttpRequest) -> GPT:
    user = person_of(request)
    slug = request.POST.get("workspace", "")
    workspace = access_workspace(user, slug, to=WorkspaceAct.BUILD) if slug else personal_workspace(user)
    with_create = bool(request.POST.get("talk"))
    fields = {} if with_create else _get_template(request.POST.get("pattern", "")).build_fields()
    name = request.POST.get("name", "")
    if with_create and not name.strip():
        # Create suggests a name later.
        name = _("New GPT")
    return create_gpt(
        workspace=workspace,
        owner=user,
        by=user,
        at=timezone.now(),
        **{**fields, "name": name},
    )


def _list_workspace_choices(user: User) -> list[tuple[str, str]]:
    """Return slug and name of the workspaces in which the person may build, their own first."""
    memberships = get_user_roles(user).memberships
    return [(member.slug, member.name) for member in memberships if member.role in BUILDER_ROLES]


@login_required
@require_POST
def duplicate(request: HttpRequest, slug: str) -> HttpResponse:
    """Duplicate a GPT; allowed to everybody who may view its settings."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    try:
        copy = duplicate_gpt(gpt=gpt, by=user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-configure", slug)
    messages.success(
        request, _("This is your copy of “%(name)s”. Nobody else sees it yet.") % {"name": gpt.name}
    )
    return redirect("gpts:build-configure", copy.slug)


@login_required
@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.MANAGE)
    now = timezone.now()
    try:
        delete_gpt(
            gpt=gpt,
            typed_name=request.POST.get("confirmation", ""),
            is_under_review=submission_status(gpt).is_open,
            by=user,
            at=now,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("gpts:build-share", slug)
    listing = getattr(gpt, "listing", None)
    if listing is not None and listing.state == ListingState.LISTED:
        delist_listing(listing=listing, by=user, at=now, reason="deleted by its owner")
    messages.success(request, _("“%(name)s” was deleted.") % {"name": gpt.name})
    return redirect("gpts:build-list")
