"""The Share tab's path from one's own desk to the public store, and asking for approval on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from gpts.assistants.access import access_gpt
from gpts.assistants.models import GPT, LiveVersion, PublishRequest
from gpts.assistants.models.publishing import NOTE_LENGTH
from gpts.assistants.queries.publishing import (
    find_last_requests,
    get_approval_need,
    is_approved,
    list_deciders,
)
from gpts.assistants.rules import GPTAct
from gpts.assistants.states import AUDIENCES_TO_APPROVE, Audience, PublishState
from gpts.studio.access import access_gpt_to_update, access_publish_request
from gpts.studio.services.publishing import ask_to_publish, withdraw_publish_request
from workspaces.web.people import person_of

NAMED = 5


@dataclass(frozen=True)
class Approval:
    """What the card of one audience says about approval; None in its place where none is needed.

    ``is_given`` holds for the draft as it is. ``is_changed`` tells that the draft was edited since the open
    request, which is about its own version.
    """

    request: PublishRequest | None
    is_given: bool
    is_changed: bool

    @property
    def is_open(self) -> bool:
        return self.request is not None and self.request.state == PublishState.OPEN

    @property
    def is_sent_back(self) -> bool:
        return self.request is not None and self.request.state == PublishState.SENT_BACK


def build_approvals(gpt: GPT, draft_hash: str) -> dict[str, Approval]:
    """Return the approvals of a company's GPT by audience, for those that need one."""
    if gpt.workspace.person_id is not None:
        return {}
    audiences = AUDIENCES_TO_APPROVE[get_approval_need(gpt.workspace_id)]
    if not audiences:
        return {}
    last = find_last_requests(gpt)
    found = {}
    for audience in audiences:
        request = last.get(audience)
        found[audience.value] = Approval(
            request=request,
            is_given=is_approved(gpt, audience, draft_hash),
            is_changed=request is not None and request.version.content_hash != draft_hash,
        )
    return found


def build_approval_context(
    gpt: GPT,
    approvals: dict[str, Approval],
    live: dict[str, LiveVersion],
    *,
    public_refusal: str,
    is_in_review: bool,
    person_id: int,
) -> dict[str, Any]:
    """Return the path with its steps, and who may approve."""
    if gpt.workspace.person_id is not None:
        return {}
    context: dict[str, Any] = {
        "path": build_path(approvals, live, public_refusal=public_refusal, is_in_review=is_in_review),
        "longest_note": NOTE_LENGTH,
    }
    if approvals:
        people = list_deciders(gpt.workspace, without=(person_id, gpt.owner_id))
        context |= {"deciders": people[:NAMED], "more_deciders": max(0, len(people) - NAMED)}
    return context


def build_path(
    approvals: dict[str, Approval],
    live: dict[str, LiveVersion],
    *,
    public_refusal: str,
    is_in_review: bool,
) -> list[dict[str, Any]]:
    """Return the four steps for components/stepper.html: what is done, and what comes next. Pure."""
    company = next((live[one] for one in (Audience.WORKSPACE, Audience.UNLISTED) if one in live), None)
    asked = approvals.get(Audience.WORKSPACE)
    if asked is not None and not asked.is_open and approvals[Audience.UNLISTED].is_open:
        asked = approvals[Audience.UNLISTED]
    steps = [
        {"label": _("Yours"), "state": "done", "text": _("You and its editors try the draft.")},
        _build_step(_("A team"), live.get(Audience.SHARED), None, _("Name people or groups below.")),
        _build_step(_("The company"), company, asked, _("Share it with everyone below.")),
        _build_step(
            _("The public store"),
            live.get(Audience.PUBLIC),
            approvals.get(Audience.PUBLIC),
            _("Submit it below; moderation decides."),
        ),
    ]
    store = steps[-1]
    if store["state"] != "done":
        if is_in_review:
            store["text"] = _("In review by moderation.")
        elif public_refusal:
            store["text"] = public_refusal
    furthest = max(index for index, step in enumerate(steps) if step["state"] in ("done", "current"))
    if all(step["state"] != "current" for step in steps):
        # Nobody has to take every step: the next one comes after the furthest.
        for step in steps[furthest + 1 :]:
            if not (step is store and public_refusal):
                step["state"] = "current"
                break
    return steps


def _build_step(label: str, live: LiveVersion | None, approval: Approval | None, hint: str) -> dict[str, Any]:
    step: dict[str, Any] = {"label": label, "state": "todo", "text": hint}
    if live is not None:
        step |= {"state": "done", "text": _("Version %(number)d is live.") % {"number": live.version.number}}
    if approval is None:
        return step
    if approval.is_open and approval.request is not None:
        text = _("Version %(number)d waits for approval.") % {"number": approval.request.version.number}
        return step | {"state": "current", "text": text}
    if live is None and approval.is_sent_back:
        return step | {"text": _("Sent back: read why below.")}
    if live is None and not approval.is_given:
        return step | {"text": _("Needs approval by another person first.")}
    if live is None:
        return step | {"text": _("Approved. %(hint)s") % {"hint": hint}}
    return step


@login_required
@require_POST
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask that the draft, as it is, may be shared with an audience."""
    user = person_of(request)
    audience = request.POST.get("audience", "")
    gpt, _only_update = access_gpt_to_update(user, slug, audience)
    try:
        made = ask_to_publish(
            gpt=gpt, audience=audience, note=request.POST.get("note", ""), by=user, at=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(
            request,
            _("Asked about version %(number)d. You are told the answer.") % {"number": made.version.number},
        )
    return redirect("gpts:build-share", slug)


@login_required
@require_POST
def take_back(request: HttpRequest, slug: str, request_id: int) -> HttpResponse:
    """Take an open request back: who asked, or who manages the GPT."""
    user = person_of(request)
    gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
    asked = access_publish_request(request_id, gpt=gpt)
    if asked.requested_by_id != user.pk:
        access_gpt(user, slug, to=GPTAct.MANAGE)
    try:
        withdraw_publish_request(request=asked, by=user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Taken back."))
    return redirect("gpts:build-share", slug)
