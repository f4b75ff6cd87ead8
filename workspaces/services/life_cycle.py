"""The life of a workspace: archived and opened again, handed over, and deleted after a time of grace."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, Forbidden, InvalidInput
from core.look.formats import day_format
from workspaces.models import Erasure, Member, User, Workspace
from workspaces.queries.identity import list_owners
from workspaces.services.joining import refuse_personal
from workspaces.services.leaving import check_no_obstacle, erase_workspace
from workspaces.services.locks import lock_workspaces
from workspaces.services.members import change_role
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.states import Role

log = structlog.get_logger(__name__)

# How long a deletion can be cancelled.
GRACE = timedelta(days=30)
AT_ONCE = 50


def archive_workspace(*, workspace: Workspace, by: User, at: datetime) -> None:
    """Make a workspace read only until it is opened again. Idempotent. Audited.

    Its members keep reading; nobody creates, changes, shares or chats there (queries.policies), and its
    public GPTs and links stop. The caller has authorised an owner. Raises Conflict for a personal workspace.
    """
    refuse_personal(workspace)
    with transaction.atomic():
        fresh = _lock(workspace)
        if fresh.archived_at is None:
            _set(workspace, archived_at=at)
            record(action="workspaces.workspace_archived", by=by, at=at, subject=fresh, workspace_id=fresh.pk)


def reopen_workspace(*, workspace: Workspace, by: User, at: datetime) -> None:
    """End the archiving. Idempotent. Audited. Raises Conflict (``deletion_planned``) before a deletion."""
    with transaction.atomic():
        fresh = _lock(workspace)
        if fresh.deletion_due_at is not None:
            raise Conflict(
                _("This workspace is going to be deleted. Cancel that first."), code="deletion_planned"
            )
        if fresh.archived_at is not None:
            _set(workspace, archived_at=None)
            record(action="workspaces.workspace_reopened", by=by, at=at, subject=fresh, workspace_id=fresh.pk)


def plan_deletion(*, workspace: Workspace, confirmation: str, by: User, at: datetime) -> datetime:
    """Archive the workspace and delete it after GRACE; return when. Owners are told. Idempotent. Audited.

    ``confirmation`` is the typed name. The caller has authorised an owner, with the password. Raises
    InvalidInput (``confirmation_wrong``) and Conflict (``workspace_personal``, or an app's obstacle, such as
    a legal hold).
    """
    if confirmation.strip() != workspace.name:
        raise InvalidInput(
            _("Type the name exactly to confirm."), code="confirmation_wrong", field="confirmation"
        )
    refuse_personal(workspace)
    with transaction.atomic():
        fresh = _lock(workspace)
        if fresh.deletion_due_at is not None:
            return fresh.deletion_due_at
        check_no_obstacle(fresh)
        due = at + GRACE
        _set(workspace, archived_at=fresh.archived_at or at, deletion_due_at=due, deletion_reminded_at=None)
        _tell_owners(fresh, SecurityEvent.WORKSPACE_DELETION_PLANNED, at, due=due)
        record(
            action="workspaces.deletion_planned",
            by=by,
            at=at,
            subject=fresh,
            workspace_id=fresh.pk,
            data={"due": due.isoformat()},
        )
    return due


def cancel_deletion(*, workspace: Workspace, by: User, at: datetime) -> None:
    """Keep the workspace, archived until it is opened again. Owners are told. Idempotent. Audited."""
    with transaction.atomic():
        fresh = _lock(workspace)
        if fresh.deletion_due_at is None:
            return
        _set(workspace, deletion_due_at=None)
        _tell_owners(fresh, SecurityEvent.WORKSPACE_DELETION_CANCELLED, at)
        record(action="workspaces.deletion_cancelled", by=by, at=at, subject=fresh, workspace_id=fresh.pk)


def delete_due_workspaces(*, at: datetime) -> int:
    """Close and erase the workspaces whose time is over; return how many. In a system scope. Idempotent.

    One that an app wants to stay, such as for a legal hold that began since, waits, and so does a suspended
    one, whose owners could not cancel. No other waits for them.
    """
    due = Workspace.objects.filter(deletion_due_at__lte=at, suspended_at__isnull=True)
    count = 0
    for found in due.exclude(pk__in=Erasure.objects.values("workspace")).order_by("deletion_due_at", "pk"):
        if count == AT_ONCE:
            break
        try:
            with transaction.atomic():
                count += _delete_due(_lock(found), at=at)
        except Conflict as obstacle:
            log.info("workspace_deletion_waits", workspace=found.pk, code=obstacle.code)
    return count


def _delete_due(workspace: Workspace, *, at: datetime) -> bool:
    # An owner may have cancelled it since it was read.
    is_due = workspace.deletion_due_at is not None and workspace.deletion_due_at <= at
    if not is_due or workspace.suspended_at is not None:
        return False
    erase_workspace(workspace=workspace, by=None, at=at)
    return True


def hand_over(*, workspace: Workspace, member_id: int, by: User, at: datetime) -> Member:
    """Make another member an owner in the place of ``by``, who becomes an admin; return them. Audited.

    The caller has authorised an owner, with the password. All owners are told. Raises InvalidInput
    (``successor_unknown``) for oneself, closed accounts and others, and Conflict (``workspace_personal``).
    """
    refuse_personal(workspace)
    with transaction.atomic():
        _lock(workspace)
        own = Member.objects.filter(workspace=workspace, user=by, role=Role.OWNER).first()
        if own is None:
            raise Forbidden(_("Only an owner hands a workspace over."), code="owner_only")
        others = Member.objects.filter(workspace=workspace, user__is_active=True).exclude(pk=own.pk)
        heir = others.select_related("workspace", "user").filter(pk=member_id).first()
        if heir is None:
            raise InvalidInput(
                _("Choose another active member."), code="successor_unknown", field="successor"
            )
        if heir.role != Role.OWNER:
            change_role(member=heir, role=Role.OWNER, by=by, at=at)
        change_role(member=own, role=Role.ADMIN, by=by, at=at)
    return heir


def _lock(workspace: Workspace) -> Workspace:
    lock_workspaces([workspace.pk])
    return Workspace.objects.get(pk=workspace.pk)


def _set(workspace: Workspace, **values: datetime | None) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(**values)
    for name, value in values.items():
        setattr(workspace, name, value)


def _tell_owners(
    workspace: Workspace, event: SecurityEvent, at: datetime, due: datetime | None = None
) -> None:
    for owner in list_owners(workspace):
        with translation.override(owner.language or settings.LANGUAGE_CODE):
            day = f" · {date_format(due, day_format())}" if due is not None else ""
        notify_security(user=owner, event=event, at=at, detail=f"{workspace.name}{day}")
