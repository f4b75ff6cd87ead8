"""The Share tab's people: who has access and why, sharing with people and groups, a new owner."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError, Forbidden
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.shares import MAX_EDITORS, list_editors, list_shares
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.shares import remove_share, set_share
from gpts.assistants.states import ShareRight
from gpts.studio.access import access_share
from gpts.studio.candidates import find_candidates, find_recipient
from gpts.studio.services.shares import share_with
from gpts.studio.web.new_owner import build_owner_form
from workspaces.acts import Act, check_act
from workspaces.models import User
from workspaces.policy import gpt_targets
from workspaces.queries import is_active_member
from workspaces.web.people import person_of


def build_people_context(request: HttpRequest, gpt: GPT, *, may_manage: bool) -> dict[str, Any]:
    """Return who has access, and for managers the search (``?who=``) and possible new owners."""
    if gpt.workspace.person_id is not None:
        return {"is_company": False}
    person = person_of(request)
    who = request.GET.get("who", "")[:80]
    return {
        "is_company": True,
        "shares": list(list_shares(gpt)),
        "rights": ShareRight.choices,
        "owner_left": not is_active_member(gpt.owner_id, gpt.workspace_id),
        "editor_count": list_editors(gpt).count(),
        "max_editors": MAX_EDITORS,
        "who": who,
        "candidates": find_candidates(person, gpt, who) if may_manage else [],
        "share_refusals": _list_refusals(person, gpt) if may_manage else {},
        "heir": build_owner_form(gpt) if may_manage else None,
    }


def _list_refusals(person: User, gpt: GPT) -> dict[str, str]:
    """Return the sentences of the rules that refuse sharing with people or groups, by what they refuse."""
    found = {}
    for name, act in (("person", Act.SHARE_WITH_PERSON), ("group", Act.SHARE_WITH_GROUP)):
        try:
            check_act(person, act, workspace_id=gpt.workspace_id, targets=gpt_targets(gpt.pk))
        except Forbidden as refusal:
            found[name] = str(refusal.message)
    return found


@login_required
@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Share with the person or group that was chosen, or whose address was typed."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.MANAGE)
    try:
        share_with(
            gpt=gpt,
            right=request.POST.get("right", ""),
            by=user,
            at=timezone.now(),
            **find_recipient(user, gpt, request.POST.get("who", "")),  # type: ignore[arg-type]  # user or group
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Shared."))
    return redirect("gpts:build-share", slug)


@login_required
@require_POST
def change(request: HttpRequest, slug: str, share_id: int) -> HttpResponse:
    """Change the right of a share, or end it (``remove``)."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.MANAGE)
    share = access_share(gpt, share_id)
    try:
        if request.POST.get("remove"):
            remove_share(share=share, by=user, at=timezone.now())
            messages.success(request, _("They have no access by this share any more."))
        else:
            set_share(
                gpt=gpt,
                right=request.POST.get("right", ""),
                user=share.user,
                group=share.group,
                by=user,
                at=timezone.now(),
            )
            messages.success(request, _("Saved."))
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("gpts:build-share", slug)
