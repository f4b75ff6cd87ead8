"""Adoption of GPTs from outside: members ask, admins approve a version, block and withdraw.

The caller has authorised ``by``: a member of the workspace to ask, MANAGE_EXTERNAL for everything else. What
is decided holds with the next request; answers that run stop at the next recheck where it refuses them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from gpts.assistants.adoption_mails import Due, build_due_mail
from gpts.assistants.models import GPT, Adoption, AdoptionRequest, LiveVersion, Version
from gpts.assistants.models.adoptions import REASON_LENGTH
from gpts.assistants.queries.adoptions import find_adoption, find_public_version, load_adoptions
from gpts.assistants.states import ADOPTION_ACTS, AdoptionState, Audience, RequestState
from workspaces.models import Group, Member, User, Workspace
from workspaces.services.locks import lock_workspaces
from workspaces.services.mails import enqueue_mail
from workspaces.services.notifications import notify
from workspaces.states import ADMIN_ROLES

LEAST_REASON = 10
LONGEST = timedelta(days=731)
# How long before the end of an approval, or the next look at it, its admins are told.
NOTICE = timedelta(days=14)
REQUESTED_KIND, ANSWERED_KIND = "gpts.adoption_requested", "gpts.adoption_answered"
DUE_KIND = "gpts.adoption_due"


@transaction.atomic
def request_adoption(
    *, workspace: Workspace, gpt: GPT, reason: str, by: User, at: datetime
) -> AdoptionRequest:
    """Ask the admins of a company to approve a GPT of the public store; they are told. Audited.

    Raises Conflict (``already_requested``, ``already_approved``), Forbidden (``gpt_blocked``,
    ``personal_workspace``) and InvalidInput.
    """
    lock_workspaces([workspace.pk])
    version = _require_public(gpt)
    _require_external(workspace, gpt)
    reason = _clean_reason(reason, least=LEAST_REASON, field="reason")
    adoptions = load_adoptions(by.pk, gpts=[gpt.pk])
    if gpt.pk in adoptions.blocked.get(workspace.pk, ()):
        raise Forbidden(_("This GPT is blocked, so nobody can ask for it."), code="gpt_blocked")
    if gpt.pk in adoptions.approved.get(workspace.pk, {}):
        raise Conflict(_("This GPT is approved for you already."), code="already_approved")
    own = AdoptionRequest.objects.filter(workspace=workspace, gpt=gpt, requested_by=by)
    if own.filter(state=RequestState.OPEN).exists():
        raise Conflict(_("You have asked already. An admin will answer."), code="already_requested")
    request = AdoptionRequest.objects.create(
        workspace=workspace, gpt=gpt, requested_by=by, reason=reason, requested_at=at
    )
    for admin in _list_admins(workspace):
        if admin.pk != by.pk:
            _tell(
                admin,
                REQUESTED_KIND,
                lambda: gettext("%(who)s asks for %(gpt)s") % {"who": by.display_name, "gpt": version.name},
                lambda: reason,
                url=_page_of(workspace),
                at=at,
            )
    _record("gpts.adoption_requested", workspace, gpt, by=by, at=at)
    return request


@transaction.atomic
def withdraw_request(*, request: AdoptionRequest, by: User, at: datetime) -> None:
    """Take back one's own open request, which keeps no reason then. Idempotent. Audited."""
    found = AdoptionRequest.objects.filter(pk=request.pk, requested_by=by, state=RequestState.OPEN)
    if found.update(state=RequestState.WITHDRAWN, reason="", decided_at=at):
        _record("gpts.adoption_request_withdrawn", request.workspace, request.gpt, by=by, at=at)


@transaction.atomic
def refuse_request(*, request: AdoptionRequest, answer: str, by: User, at: datetime) -> AdoptionRequest:
    """Refuse a request with a reason, which its person is told. Audited.

    Raises Forbidden (``own_request``), Conflict (``already_answered``) and InvalidInput.
    """
    lock_workspaces([request.workspace_id])
    fresh = _lock_request(request)
    if fresh.requested_by_id == by.pk:
        raise _own_request()
    if fresh.state != RequestState.OPEN:
        raise Conflict(_("This request was answered already."), code="already_answered")
    _answer(fresh, RequestState.REFUSED, _clean_reason(answer, least=3, field="answer"), by=by, at=at)
    _record(
        "gpts.adoption_refused",
        fresh.workspace,
        fresh.gpt,
        by=by,
        at=at,
        data={"user_id": fresh.requested_by_id},
    )
    return fresh


@transaction.atomic
def approve_adoption(
    *,
    workspace: Workspace,
    gpt: GPT,
    number: int,
    groups: Collection[Group] | None,
    expires_at: datetime,
    recertify_at: datetime,
    by: User,
    at: datetime,
) -> Adoption:
    """Approve version ``number`` of a GPT for everyone, or for ``groups``; renew or move it. Audited.

    ``number`` is the public version's, or that of the pinned version. Open requests are answered with it;
    nobody approves what they asked for themselves (``own_request``), also when they took it back or were
    refused: another person decides, and then either of them may renew it. Raises Conflict (``gpt_blocked``,
    ``version_changed``) and InvalidInput for dates out of order, groups of another workspace or none.
    """
    lock_workspaces([workspace.pk])
    _require_external(workspace, gpt)
    adoption = find_adoption(workspace.pk, gpt)
    version = _find_version(gpt, adoption, number)
    _check_dates(expires_at, recertify_at, at=at)
    if groups is not None and (not groups or any(group.workspace_id != workspace.pk for group in groups)):
        raise InvalidInput(_("Choose a group of this workspace."), code="unknown_group", field="groups")
    if _asked_themselves(workspace, gpt, adoption, by):
        raise _own_request()
    waiting = [_lock_request(one) for one in _list_waiting(workspace, gpt)]
    before = _describe(adoption)
    adoption = _move(adoption, workspace, gpt, "approve", by=by, at=at)
    adoption.version = version
    adoption.offered_version = version
    adoption.is_for_everyone = groups is None
    adoption.group_ids = sorted(group.pk for group in groups or ())
    adoption.note = ""
    adoption.expires_at, adoption.recertify_at = expires_at, recertify_at
    adoption.reminded_of_end_at = adoption.reminded_of_check_at = None
    adoption.save()
    for request in waiting:
        _answer(request, RequestState.APPROVED, "", by=by, at=at)
    _record_change("gpts.adoption_approved", adoption, before, by=by, at=at)
    return adoption


@transaction.atomic
def block_gpt(*, workspace: Workspace, gpt: GPT, note: str, by: User, at: datetime) -> Adoption:
    """Refuse a GPT to every member, whatever the policy and earlier approvals say. Audited.

    ``note`` is the reason, which members read. Open requests are refused with it, but by's own stays open.
    Raises Conflict (``wrong_state``) when it is blocked already, and InvalidInput.
    """
    lock_workspaces([workspace.pk])
    _require_external(workspace, gpt)
    note = _clean_reason(note, least=3, field="note")
    adoption = find_adoption(workspace.pk, gpt)
    before = _describe(adoption)
    adoption = _move(adoption, workspace, gpt, "block", by=by, at=at)
    adoption.note = note
    adoption.save()
    for request in _list_waiting(workspace, gpt):
        if request.requested_by_id != by.pk:
            _answer(_lock_request(request), RequestState.REFUSED, note, by=by, at=at)
    _record_change("gpts.adoption_blocked", adoption, before, by=by, at=at)
    return adoption


@transaction.atomic
def withdraw_adoption(*, adoption: Adoption, by: User, at: datetime) -> Adoption:
    """End an approval or lift a block: the sharing policy alone decides again. Audited.

    Raises Conflict (``wrong_state``) when there is nothing to withdraw.
    """
    lock_workspaces([adoption.workspace_id])
    fresh = Adoption.objects.select_for_update(of=("self",)).select_related("version").get(pk=adoption.pk)
    before = _describe(fresh)
    fresh = _move(fresh, fresh.workspace, fresh.gpt, "withdraw", by=by, at=at)
    fresh.note = ""
    fresh.save()
    _record_change("gpts.adoption_withdrawn", fresh, before, by=by, at=at)
    return fresh


def tend_adoptions(*, at: datetime) -> int:
    """End approvals whose time is over, and tell admins of what is due and of new versions.

    In the system scope. Returns how many rows changed. Each is told once; a renewed approval is told anew.
    """
    soon = at + NOTICE
    due = Adoption.objects.filter(state=AdoptionState.APPROVED).filter(
        Q(expires_at__lte=at)
        | Q(expires_at__lte=soon, reminded_of_end_at__isnull=True)
        | Q(recertify_at__lte=soon, reminded_of_check_at__isnull=True)
    )
    keys = set(due.values_list("pk", flat=True))
    live = LiveVersion.objects.filter(gpt=OuterRef("gpt_id"), audience=Audience.PUBLIC).values("version_id")
    moved = Adoption.objects.filter(state=AdoptionState.APPROVED).annotate(public=Subquery(live[:1]))
    keys |= set(
        moved.filter(public__isnull=False)
        .exclude(public=F("offered_version_id"))
        .values_list("pk", flat=True)
    )
    return sum(_tend(key, at=at) for key in sorted(keys))


@transaction.atomic
def _tend(key: int, *, at: datetime) -> bool:
    adoption = (
        Adoption.objects.select_for_update(of=("self",))
        .select_related("workspace", "gpt", "version")
        .filter(pk=key, state=AdoptionState.APPROVED)
        .first()
    )
    if adoption is None or adoption.expires_at is None or adoption.recertify_at is None:
        return False
    if adoption.expires_at <= at:
        before = _describe(adoption)
        _move(adoption, adoption.workspace, adoption.gpt, "expire", by=None, at=at).save()
        _tell_due(adoption, Due.ENDED, at=at)
        _record_change("gpts.adoption_expired", adoption, before, by=None, at=at)
        return True
    if adoption.expires_at <= at + NOTICE and adoption.reminded_of_end_at is None:
        adoption.reminded_of_end_at = at
        _tell_due(adoption, Due.ENDS_SOON, at=at)
    elif adoption.recertify_at <= at + NOTICE and adoption.reminded_of_check_at is None:
        adoption.reminded_of_check_at = at
        _tell_due(adoption, Due.LOOK, at=at)
    public = find_public_version(adoption.gpt)
    if public is not None and public.pk != adoption.offered_version_id:
        adoption.offered_version = public
        if public.pk != adoption.version_id:
            name = _get_public_name(adoption.gpt)
            for admin in _list_admins(adoption.workspace):
                _tell(
                    admin,
                    DUE_KIND,
                    lambda: gettext("%(gpt)s has a new version, which waits for you") % {"gpt": name},
                    lambda: "",
                    url=_page_of(adoption.workspace),
                    at=at,
                )
    adoption.save()
    return True


def _tell_due(adoption: Adoption, due: Due, *, at: datetime) -> None:
    """Notify and mail the admins, each in their language."""
    name = _get_public_name(adoption.gpt)
    for admin in _list_admins(adoption.workspace):
        with translation.override(admin.language or settings.LANGUAGE_CODE):
            text = build_due_mail(due, adoption, name=name)
            notify(
                user=admin,
                kind=DUE_KIND,
                title=text.subject,
                body="",
                url=_page_of(adoption.workspace),
                at=at,
            )
            enqueue_mail(to=admin.email, text=text)


def _move(
    adoption: Adoption | None, workspace: Workspace, gpt: GPT, act: str, *, by: User | None, at: datetime
) -> Adoption:
    """Return the adoption in the state that ``act`` makes, unsaved; the only place that changes states."""
    allowed, state = ADOPTION_ACTS[act]
    before = adoption.state if adoption is not None else ""
    if before == AdoptionState.BLOCKED and act == "approve":
        raise Conflict(_("This GPT is blocked. Lift the block first."), code="gpt_blocked")
    if before not in allowed:
        raise Conflict(
            _("This has changed meanwhile. Reload the page and look again."),
            code="wrong_state",
            data={"state": str(before)},
        )
    adoption = adoption or Adoption(workspace=workspace, gpt=gpt)
    adoption.state, adoption.decided_by, adoption.decided_at = state, by, at
    if state in (AdoptionState.BLOCKED, AdoptionState.WITHDRAWN):
        # Nothing is pinned any more; the version may be hidden by now from who decides.
        adoption.version = adoption.offered_version = None
    return adoption


def _find_version(gpt: GPT, adoption: Adoption | None, number: int) -> Version:
    """Return the version that an admin saw: the store's, or the pinned one of an approval that is renewed."""
    public = _require_public(gpt)
    if public.number == number:
        return public
    if adoption is not None and adoption.version is not None and adoption.version.number == number:
        return adoption.version
    raise Conflict(
        _("Another version is in the store by now. Reload the page and look at it."),
        code="version_changed",
        field="version",
        data={"public": public.number},
    )


def _require_public(gpt: GPT) -> Version:
    version = find_public_version(gpt) if gpt.quarantined_at is None and gpt.deleted_at is None else None
    if version is None:
        raise InvalidInput(
            _("The public store does not have this GPT now."), code="not_in_store", field="gpt"
        )
    return version


def _require_external(workspace: Workspace, gpt: GPT) -> None:
    if workspace.person_id is not None:
        raise Forbidden(_("A personal workspace has no rules about GPTs."), code="personal_workspace")
    if gpt.workspace_id == workspace.pk:
        raise InvalidInput(_("This GPT belongs to the workspace itself."), code="not_external", field="gpt")


def _check_dates(expires_at: datetime, recertify_at: datetime, *, at: datetime) -> None:
    if not at < expires_at <= at + LONGEST:
        raise InvalidInput(
            _("Choose an end between tomorrow and two years from now."), code="range_invalid", field="expires"
        )
    if not at < recertify_at <= expires_at:
        raise InvalidInput(
            _("The next look must come before the end."), code="range_invalid", field="recertify"
        )


def _clean_reason(text: str, *, least: int, field: str) -> str:
    text = " ".join(text.replace("\x00", "").split())
    if len(text) < least:
        raise InvalidInput(
            _("Give a reason of at least %(count)d characters.") % {"count": least},
            code="reason_too_short",
            field=field,
        )
    if len(text) > REASON_LENGTH:
        raise InvalidInput(
            _("Use at most %(count)d characters.") % {"count": REASON_LENGTH},
            code="reason_too_long",
            field=field,
        )
    return text


def _list_waiting(workspace: Workspace, gpt: GPT) -> list[AdoptionRequest]:
    found = AdoptionRequest.objects.filter(workspace=workspace, gpt=gpt, state=RequestState.OPEN)
    return list(found.order_by("pk"))


def _lock_request(request: AdoptionRequest) -> AdoptionRequest:
    return (
        AdoptionRequest.objects.select_for_update(of=("self",))
        .select_related("workspace", "gpt", "requested_by")
        .get(pk=request.pk)
    )


def _answer(request: AdoptionRequest, state: RequestState, answer: str, *, by: User, at: datetime) -> None:
    request.state, request.answer = state, answer
    request.decided_by, request.decided_at = by, at
    request.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    name = _get_public_name(request.gpt)

    def build_title() -> str:
        if state == RequestState.APPROVED:
            return gettext("%(gpt)s is approved") % {"gpt": name}
        return gettext("%(gpt)s was not approved") % {"gpt": name}

    _tell(
        request.requested_by,
        ANSWERED_KIND,
        build_title,
        lambda: answer,
        url=reverse("marketplace:about-show", args=[request.gpt.slug]),
        at=at,
    )


def _get_public_name(gpt: GPT) -> str:
    """Return the name in the store, never the draft's; the address for one that left."""
    live = gpt.live_versions.filter(audience=Audience.PUBLIC).select_related("version").first()
    return gpt.slug if live is None else live.version.name


def _tell(
    user: User, kind: str, title: Callable[[], str], body: Callable[[], str], *, url: str, at: datetime
) -> None:
    """Notify a person in their language; ``title`` and ``body`` are called in it."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        notify(user=user, kind=kind, title=title(), body=body(), url=url, at=at)


def _list_admins(workspace: Workspace) -> list[User]:
    seats = Member.objects.filter(workspace=workspace, role__in=ADMIN_ROLES, user__is_active=True)
    return [seat.user for seat in seats.select_related("user").order_by("pk")]


def _page_of(workspace: Workspace) -> str:
    return reverse("marketplace:external-list", args=[workspace.slug])


def _asked_themselves(workspace: Workspace, gpt: GPT, adoption: Adoption | None, by: User) -> bool:
    """Return whether nobody else has agreed yet to what ``by`` asked for."""
    own = (
        AdoptionRequest.objects.filter(workspace=workspace, gpt=gpt, requested_by=by).order_by("-pk").first()
    )
    if own is None or own.state == RequestState.APPROVED:
        return False
    if own.state == RequestState.OPEN or adoption is None or adoption.state != AdoptionState.APPROVED:
        return True
    return adoption.decided_by_id in (None, by.pk)


def _own_request() -> Forbidden:
    return Forbidden(
        _("You asked for this GPT yourself, so another admin must decide about it."), code="own_request"
    )


def _describe(adoption: Adoption | None) -> dict[str, Any]:
    if adoption is None:
        return dict.fromkeys(("adoption", "pinned_version", "expires_at", "for_groups"))
    return {
        "adoption": str(adoption.state),
        "pinned_version": adoption.version.number if adoption.version is not None else None,
        "expires_at": adoption.expires_at.isoformat() if adoption.expires_at else None,
        "for_groups": [] if adoption.is_for_everyone else list(adoption.group_ids),
    }


def _record_change(
    action: str, adoption: Adoption, before: dict[str, Any], *, by: User | None, at: datetime
) -> None:
    after = _describe(adoption)
    changes = {key: (before[key], after[key]) for key in after if before[key] != after[key]}
    _record(action, adoption.workspace, adoption.gpt, by=by, at=at, changes=changes)


def _record(
    action: str,
    workspace: Workspace,
    gpt: GPT,
    *,
    by: User | None,
    at: datetime,
    data: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    # Without reasons: the log is never erased.
    record(
        action=action,
        by=by,
        at=at,
        subject=gpt,
        workspace_id=workspace.pk,
        data=data or {},
        changes=changes or {},
    )
