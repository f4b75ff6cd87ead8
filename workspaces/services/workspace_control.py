"""What operators do with workspaces: suspend and restore them, set their kind, seats and quotas."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from core.links import absolute_url
from workspaces.mail_text import MailText
from workspaces.models import Erasure, Member, User, Workspace
from workspaces.services.locks import lock_workspaces
from workspaces.services.mails import enqueue_mail
from workspaces.services.people import clean_reason
from workspaces.states import COMPANY_KINDS, Role, WorkspaceKind

TIME_TO_CANCEL = timedelta(days=7)
# The values that set_workspace_limits takes; None means no limit of its own.
LIMITS = ("seats", "knowledge_bytes", "gpt_limit")
MAX_LIMIT = {"seats": 1_000_000, "knowledge_bytes": 2**50, "gpt_limit": 1_000_000}


def suspend_workspace(*, workspace: Workspace, reason: str, by: User, at: datetime) -> None:
    """Close a team's or company's workspace until it is restored, and mail its owners the reason. Audited.

    Members, API keys and open answers of the workspace lose access at once; its public GPTs stop. Idempotent.
    Raises InvalidInput without a reason, and Conflict for a personal or deleted workspace.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        _require_company(workspace)
        changed = Workspace.objects.filter(pk=workspace.pk, suspended_at__isnull=True)
        if not changed.update(suspended_at=at):
            return
        workspace.suspended_at = at
        for owner in _list_owners(workspace):
            _mail_suspension(owner, workspace, reason)
        record(action="workspaces.workspace_suspended", by=by, at=at, subject=workspace, reason=reason)


def restore_workspace(*, workspace: Workspace, reason: str, by: User, at: datetime) -> None:
    """Open a suspended workspace again and tell its owners. Idempotent. Audited.

    Of a planned deletion at least TIME_TO_CANCEL is left: meanwhile no owner could cancel it. Raises
    InvalidInput without a reason, and Conflict for a personal or deleted workspace.
    """
    reason = clean_reason(reason)
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        _require_company(workspace)
        changed = Workspace.objects.filter(pk=workspace.pk, suspended_at__isnull=False)
        if not changed.update(suspended_at=None):
            return
        workspace.suspended_at = None
        soonest = at + TIME_TO_CANCEL
        Workspace.objects.filter(pk=workspace.pk, deletion_due_at__lt=soonest).update(deletion_due_at=soonest)
        for owner in _list_owners(workspace):
            _mail_restoration(owner, workspace)
        record(action="workspaces.workspace_restored", by=by, at=at, subject=workspace, reason=reason)


def set_workspace_limits(*, workspace: Workspace, values: dict[str, Any], by: User, at: datetime) -> None:
    """Set ``kind`` and the LIMITS that ``values`` has; None stands for no limit of its own. Audited.

    Seats and GPTs below what is there already are allowed: nobody is removed, nobody can join. Raises
    InvalidInput with the field, and Conflict for another kind of a personal workspace or a deleted one.
    """
    changed: dict[str, tuple[Any, Any]] = {}
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        fresh = Workspace.objects.get(pk=workspace.pk)
        if Erasure.objects.filter(workspace=fresh, user__isnull=True).exists():
            raise Conflict(_("This workspace was deleted."), code="workspace_deleted")
        for name, value in values.items():
            wanted = _clean_kind(fresh, value) if name == "kind" else _clean_limit(name, value)
            if getattr(fresh, name) != wanted:
                changed[name] = (getattr(fresh, name), wanted)
                setattr(fresh, name, wanted)
                setattr(workspace, name, wanted)
        if not changed:
            return
        fresh.save(update_fields=list(changed))
        record(action="workspaces.workspace_limits_set", by=by, at=at, subject=fresh, changes=changed)


def _clean_kind(workspace: Workspace, kind: str) -> str:
    if workspace.kind == WorkspaceKind.PERSONAL:
        if kind != WorkspaceKind.PERSONAL:
            raise Conflict(
                _("A personal workspace cannot become a team."), code="workspace_personal", field="kind"
            )
        return kind
    if kind not in COMPANY_KINDS:
        raise InvalidInput(_("Choose team or enterprise."), code="kind_invalid", field="kind")
    return kind


def _clean_limit(name: str, value: int | None) -> int | None:
    if value is None or 0 <= value <= MAX_LIMIT[name]:
        return value
    raise InvalidInput(
        _("Enter a number from 0 to %(most)d, or nothing for no limit.") % {"most": MAX_LIMIT[name]},
        code="limit_invalid",
        field=name,
    )


def _require_company(workspace: Workspace) -> None:
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(_("A personal workspace is suspended with its account."), code="workspace_personal")
    if Erasure.objects.filter(workspace=workspace).exists():
        raise Conflict(_("This workspace was deleted."), code="workspace_deleted")


def _list_owners(workspace: Workspace) -> list[User]:
    members = Member.objects.filter(workspace=workspace, role=Role.OWNER, user__is_active=True)
    return [member.user for member in members.select_related("user").order_by("pk")]


def _mail_suspension(owner: User, workspace: Workspace, reason: str) -> None:
    with translation.override(owner.language or settings.LANGUAGE_CODE):
        text = MailText(
            gettext("%(name)s was suspended") % {"name": workspace.name},
            (
                gettext("The operator of this instance has closed your workspace for now, for this reason:"),
                reason,
                gettext("Nobody can enter it, and its API keys do not work. Everything in it is kept."),
            ),
        )
        enqueue_mail(to=owner.email, text=text)


def _mail_restoration(owner: User, workspace: Workspace) -> None:
    with translation.override(owner.language or settings.LANGUAGE_CODE):
        text = MailText(
            gettext("%(name)s is open again") % {"name": workspace.name},
            (gettext("The operator has ended the suspension of your workspace."),),
            link=absolute_url(f"/w/{workspace.slug}/"),
            label=gettext("Open it"),
        )
        enqueue_mail(to=owner.email, text=text)
