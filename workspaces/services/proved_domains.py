"""Domains of e-mail addresses that are a workspace's own: proved by the operator or by a DNS record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict
from workspaces.email_domains import clean_domain
from workspaces.models import DomainClaim, ProvedDomain, User, Workspace
from workspaces.services.joining import refuse_personal
from workspaces.services.locks import lock_workspaces


def prove_domain(
    *, workspace: Workspace, domain: str, at: datetime, is_by_record: bool = False
) -> ProvedDomain:
    """Note that the domain is the workspace's own. In a system scope. Idempotent. Audited.

    ``is_by_record`` says that its DNS record was found; otherwise the operator has checked it, which replaces
    a claim of the workspace: the domain then does not depend on a record. Raises InvalidInput for what is no
    domain and for a public mail host, and Conflict (``domain_of_another``) when it belongs to another
    workspace, and for a personal workspace.
    """
    refuse_personal(workspace)
    cleaned = clean_domain(domain, field="domain")
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        row, is_new = ProvedDomain.objects.get_or_create(
            domain=cleaned, defaults={"workspace": workspace, "proved_at": at}
        )
        if row.workspace_id != workspace.pk:
            raise Conflict(
                _("%(domain)s already belongs to another workspace.") % {"domain": cleaned},
                code="domain_of_another",
                field="domain",
            )
        if not is_by_record:
            DomainClaim.objects.filter(workspace=workspace, domain=cleaned).delete()
        if is_new:
            data = {"by_record": True} if is_by_record else {}
            record_domain("domain_proved", workspace.pk, cleaned, by=None, at=at, **data)
    return row


def release_domain(*, workspace: Workspace, domain: str, by: User | None = None, at: datetime) -> bool:
    """Forget that the domain is the workspace's own, and its claim; members stay. Idempotent. Audited.

    In a system scope without ``by``, who otherwise manages the people of the workspace. Returns whether there
    was anything to forget.
    """
    cleaned = clean_domain(domain, field="domain", allows_public=True)
    with transaction.atomic():
        lock_workspaces([workspace.pk])
        claims, _rows = DomainClaim.objects.filter(workspace=workspace, domain=cleaned).delete()
        proofs, _rows = ProvedDomain.objects.filter(workspace=workspace, domain=cleaned).delete()
        if claims or proofs:
            record_domain("domain_released", workspace.pk, cleaned, by=by, at=at)
    return bool(claims or proofs)


def record_domain(
    verb: str, workspace_id: int, domain: str, *, by: User | None, at: datetime, **data: Any
) -> None:
    record(
        action=f"workspaces.{verb}",
        by=by,
        at=at,
        subject=("workspaces.workspace", str(workspace_id)),
        workspace_id=workspace_id,
        data={"domain": domain, **data},
    )
