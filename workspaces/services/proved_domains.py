"""Domains of e-mail addresses that are a workspace's own, as the operator of the instance has checked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict
from workspaces.email_domains import clean_domain
from workspaces.models import ProvedDomain, Workspace
from workspaces.services.locks import lock_workspaces
from workspaces.states import WorkspaceKind


def prove_domain(*, workspace: Workspace, domain: str, at: datetime) -> ProvedDomain:
    """Note that the domain is the workspace's own. In a system scope. Idempotent. Audited.

    Raises InvalidInput for what is no domain and for a public mail host, and Conflict
    (``domain_of_another``) when it belongs to another workspace, and for a personal workspace.
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Make a team to work with others."),
            code="workspace_personal",
        )
    cleaned = clean_domain(domain, field="domain")
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        row, is_new = ProvedDomain.objects.get_or_create(
            domain=cleaned, defaults={"workspace": workspace, "proved_at": at}
        )
        if row.workspace_id != workspace.pk:
            raise Conflict(
                _("%(domain)s belongs to another workspace already.") % {"domain": cleaned},
                code="domain_of_another",
                field="domain",
            )
        if is_new:
            _record("domain_proved", row, at)
    return row


def release_domain(*, workspace: Workspace, domain: str, at: datetime) -> bool:
    """Forget that the domain is the workspace's own; members stay. In a system scope. Idempotent. Audited."""
    cleaned = clean_domain(domain, field="domain")
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        row = ProvedDomain.objects.filter(workspace=workspace, domain=cleaned).first()
        if row is None:
            return False
        _record("domain_released", row, at)
        row.delete()
    return True


def _record(verb: str, row: ProvedDomain, at: datetime) -> None:
    record(
        action=f"workspaces.{verb}",
        by=None,
        at=at,
        subject=("workspaces.proveddomain", str(row.pk)),
        workspace_id=row.workspace_id,
        data={"domain": row.domain},
    )
