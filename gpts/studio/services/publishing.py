"""Approval inside a company: ask that a version may be shared, take that back, approve, send back.

The caller has authorised ``by``: who may share the GPT asks, MANAGE_GPTS decides. Draft saves go on: a
request is about the version that was frozen for it. Moderation of the public store comes after an approval.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.text import clean_block
from gpts.assistants.audiences import check_direct_audience
from gpts.assistants.content import compute_draft_hash
from gpts.assistants.models import GPT, PublishingRule, PublishRequest, Version
from gpts.assistants.models.publishing import NOTE_LENGTH
from gpts.assistants.queries.publishing import is_approved, list_deciders, needs_approval
from gpts.assistants.services.gpts import lock_gpt
from gpts.assistants.services.versions import (
    ACT_BY_AUDIENCE,
    check_owner_may_serve,
    check_ready,
    freeze_version,
    set_live_version,
)
from gpts.assistants.states import (
    ApprovalNeed,
    Audience,
    PublishAction,
    PublishState,
    move_publish_request,
)
from gpts.evals.services.gate import check_gate
from workspaces.access import open_admin_scope
from workspaces.acts import check_act
from workspaces.models import User, Workspace
from workspaces.policy import gpt_targets
from workspaces.services.locks import lock_workspaces
from workspaces.services.notifications import notify

LEAST_REASON = 3
ASKED_KIND, ANSWERED_KIND = "gpts.publishing_asked", "gpts.publishing_answered"


@transaction.atomic
def set_publishing_rule(*, workspace: Workspace, need: str, by: User, at: datetime) -> None:
    """Set when sharing needs another person; what is live and what waits stays. Idempotent. Audited.

    The caller has authorised MANAGE_SETTINGS. Raises InvalidInput, Forbidden for a personal workspace.
    """
    lock_workspaces([workspace.pk])
    if need not in ApprovalNeed.values:
        raise InvalidInput(_("Choose who must agree."), code="unknown_choice", field="need")
    if workspace.person_id is not None:
        raise Forbidden(_("A personal workspace has nobody else to ask."), code="personal_workspace")
    rule = PublishingRule.objects.filter(workspace=workspace).first()
    before = ApprovalNeed.NONE if rule is None else ApprovalNeed(rule.need)
    if before == need:
        return
    if rule is None:
        rule = PublishingRule(workspace=workspace)
    rule.need, rule.changed_at = need, at
    rule.save()
    record(
        action="gpts.publishing_rule_set",
        by=by,
        at=at,
        subject=workspace,
        workspace_id=workspace.pk,
        changes={"approval_need": (before.value, need)},
    )


def check_approval(gpt: GPT, version: Version | None, *, audience: str) -> None:
    """Raise Conflict (``approval_needed``) unless ``version`` (None: the draft) may be shared as it is."""
    if not needs_approval(gpt, audience):
        return
    content_hash = compute_draft_hash(gpt) if version is None else version.content_hash
    if not is_approved(gpt, audience, content_hash):
        raise Conflict(
            _("%(company)s wants another person to look at it first. Ask for approval on the Share page.")
            % {"company": gpt.workspace.name},
            code="approval_needed",
            data={"audience": str(audience)},
        )


@transaction.atomic
def ask_to_publish(*, gpt: GPT, audience: str, note: str, by: User, at: datetime) -> PublishRequest:
    """Freeze the draft and ask that this version may be shared with ``audience``; admins are told. Audited.

    A request about an older version is replaced. Raises Conflict (``approval_not_needed``,
    ``already_requested``, ``already_approved``) and what sharing itself raises: check_act,
    check_owner_may_serve, check_ready, check_gate; nothing is written then.
    """
    fresh = lock_gpt(gpt)
    if audience != Audience.PUBLIC:
        check_direct_audience(fresh, audience)
    note = clean_block(note, max_length=NOTE_LENGTH, field="note", required=False)
    if not needs_approval(fresh, audience):
        raise Conflict(_("This needs no approval. Share it."), code="approval_not_needed")
    act = ACT_BY_AUDIENCE[Audience(audience)]
    check_act(by, act, workspace_id=fresh.workspace_id, targets=gpt_targets(fresh.pk))
    check_owner_may_serve(fresh, audience)
    check_ready(fresh)
    check_gate(fresh, None, at, audience=audience)
    if is_approved(fresh, audience, compute_draft_hash(fresh)):
        raise Conflict(_("Exactly this is approved already. Share it."), code="already_approved")
    version = freeze_version(gpt=fresh, release_notes="", by=by, at=at)
    waiting = PublishRequest.objects.filter(gpt=fresh, audience=audience, state=PublishState.OPEN).first()
    if waiting is not None:
        if waiting.version_id == version.pk:
            raise Conflict(_("Exactly this waits for approval already."), code="already_requested")
        _move(waiting, PublishAction.SUPERSEDE, by=by, at=at)
        waiting.save()
    request = PublishRequest.objects.create(
        workspace=fresh.workspace,
        gpt=fresh,
        version=version,
        audience=audience,
        requested_by=by,
        note=note,
        requested_at=at,
    )
    for admin in list_deciders(fresh.workspace, without=(by.pk, fresh.owner_id)):
        _tell(
            admin,
            ASKED_KIND,
            lambda: gettext("%(who)s asks to share %(gpt)s") % {"who": by.display_name, "gpt": version.name},
            note,
            url=reverse("gpts:publishing-show", args=[fresh.workspace.slug, request.pk]),
            at=at,
        )
    _record("gpts.publishing_asked", request, by=by, at=at)
    return request


@transaction.atomic
def withdraw_publish_request(*, request: PublishRequest, by: User, at: datetime) -> None:
    """Take back an open request. Audited. Raises IllegalTransition (``already_answered``)."""
    # Whoever asked may have lost the right to edit, and the rows with it.
    with open_admin_scope(request.workspace_id, user_id=by.pk):
        lock_gpt(request.gpt, allow_quarantined=True)
        fresh = _reread(request)
        before = fresh.state
        _move(fresh, PublishAction.WITHDRAW, by=by, at=at)
        fresh.save()
        _record(
            "gpts.publishing_withdrawn", fresh, by=by, at=at, changes={"publish_state": (before, fresh.state)}
        )


@transaction.atomic
def approve_publish_request(*, request: PublishRequest, by: User, at: datetime) -> PublishRequest:
    """Approve exactly the version of the request, which goes live for its audience at once. Audited.

    For the public store it is approved only: whoever asked submits it to moderation then. Never one's own
    (``own_request``). Raises what sharing raises as of now, and IllegalTransition (``already_answered``).
    """
    gpt = lock_gpt(request.gpt)
    fresh = _reread(request)
    _check_other_person(fresh, by)
    before = fresh.state
    _move(fresh, PublishAction.APPROVE, by=by, at=at)
    check_owner_may_serve(gpt, fresh.audience)
    check_gate(gpt, fresh.version, at, audience=fresh.audience)
    fresh.save()
    if fresh.audience != Audience.PUBLIC:
        set_live_version(gpt=gpt, version=fresh.version, audience=fresh.audience, by=by, at=at)
    _answer(fresh, before, "gpts.publishing_approved", by=by, at=at)
    return fresh


@transaction.atomic
def send_back_publish_request(
    *, request: PublishRequest, reason: str, by: User, at: datetime
) -> PublishRequest:
    """Send a request back with a reason, which its person and the owner read. Never one's own. Audited.

    Raises Forbidden (``own_request``), IllegalTransition (``already_answered``) and InvalidInput.
    """
    lock_gpt(request.gpt, allow_quarantined=True)
    fresh = _reread(request)
    _check_other_person(fresh, by)
    before = fresh.state
    _move(fresh, PublishAction.SEND_BACK, by=by, at=at)
    fresh.answer = clean_block(reason, max_length=NOTE_LENGTH, field="reason", required=False)
    if len(fresh.answer) < LEAST_REASON:
        raise InvalidInput(
            _("Give a reason of at least %(count)d characters.") % {"count": LEAST_REASON},
            code="reason_too_short",
            field="reason",
        )
    fresh.save()
    _answer(fresh, before, "gpts.publishing_sent_back", by=by, at=at)
    return fresh


def is_of(request: PublishRequest, person: User) -> bool:
    """Return whether somebody asked for it or owns the GPT, so that another person must decide."""
    return person.pk in (request.requested_by_id, request.gpt.owner_id)


def _check_other_person(request: PublishRequest, by: User) -> None:
    if is_of(request, by):
        raise Forbidden(
            _("You asked for this or own the GPT, so another admin must decide about it."), code="own_request"
        )


def _reread(request: PublishRequest) -> PublishRequest:
    """Return the request as it is now; the lock on its GPT, which the caller holds, keeps it so."""
    rows = PublishRequest.objects.select_related("gpt__workspace", "gpt__owner", "version", "requested_by")
    return rows.get(pk=request.pk)


def _move(request: PublishRequest, action: str, *, by: User, at: datetime) -> None:
    """Set the state, who moved it and when, unsaved; the only place that changes states."""
    request.state = move_publish_request(request.state, action)
    request.decided_by, request.decided_at = by, at


def _answer(request: PublishRequest, before: str, action: str, *, by: User, at: datetime) -> None:
    """Tell who asked and the owner; record the decision."""

    def build_title() -> str:
        name = request.version.name
        if request.state != PublishState.APPROVED:
            return gettext("%(gpt)s was sent back") % {"gpt": name}
        if request.audience == Audience.PUBLIC:
            return gettext("%(gpt)s may go to the public store: submit it now") % {"gpt": name}
        return gettext("%(gpt)s is approved and shared") % {"gpt": name}

    people = {person.pk: person for person in (request.requested_by, request.gpt.owner)}
    for person in people.values():
        if person.is_active:
            url = reverse("gpts:build-share", args=[request.gpt.slug])
            _tell(person, ANSWERED_KIND, build_title, request.answer, url=url, at=at)
    _record(action, request, by=by, at=at, changes={"publish_state": (before, request.state)})


def _tell(user: User, kind: str, title: Callable[[], str], body: str, *, url: str, at: datetime) -> None:
    with translation.override(user.language or settings.LANGUAGE_CODE):
        notify(user=user, kind=kind, title=title(), body=body, url=url, at=at)


def _record(
    action: str,
    request: PublishRequest,
    *,
    by: User,
    at: datetime,
    changes: dict[str, Any] | None = None,
) -> None:
    # Without notes and reasons: the log is never erased.
    record(
        action=action,
        by=by,
        at=at,
        subject=request.gpt,
        workspace_id=request.workspace_id,
        data={"number": request.version.number, "audience": str(request.audience)},
        changes=changes or {},
    )
