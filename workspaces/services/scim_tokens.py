"""Tokens of identity providers: made, used, revoked. A token is shown once and never stored."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.dates import check_date
from core.errors import Conflict, InvalidInput
from core.scope import open_scope
from core.text import clean_line
from workspaces.access import hash_secret
from workspaces.directory import TOKEN_START, directory_scope
from workspaces.models import ScimToken, User, Workspace
from workspaces.services.locks import lock_workspaces
from workspaces.states import WorkspaceKind

MAX_TOKENS = 10
_PREFIX_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_USE_STEP = timedelta(minutes=1)


def create_scim_token(
    *, workspace: Workspace, name: str, by: User, at: datetime, expires_at: datetime | None = None
) -> tuple[ScimToken, str]:
    """Create a token for the workspace's identity provider; return it and its secret text. Audited.

    Raises InvalidInput for a past expiry and Conflict for a personal workspace and for too many tokens.
    """
    if workspace.kind == WorkspaceKind.PERSONAL:
        raise Conflict(
            _("A personal workspace has one person. Create a team to work with others."),
            code="workspace_personal",
        )
    if expires_at is not None:
        check_date(expires_at, field="expires_at")
        if expires_at <= at:
            raise InvalidInput(_("Choose a day in the future."), code="expiry_past", field="expires_at")
    name = clean_line(name, max_length=80, field="name")
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _n in range(10))
    plain = f"{TOKEN_START}_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        lock_workspaces([workspace.pk])  # so that the count below holds
        if ScimToken.objects.filter(workspace=workspace, revoked_at__isnull=True).count() >= MAX_TOKENS:
            raise Conflict(
                _("There are 10 tokens. Revoke one that you no longer use."), code="too_many_tokens"
            )
        token = ScimToken.objects.create(
            workspace=workspace,
            name=name,
            prefix=prefix,
            token_hash=hash_secret(plain),
            created_by=by,
            created_at=at,
            expires_at=expires_at,
        )
        record(
            action="workspaces.scim_token_created",
            by=by,
            at=at,
            subject=token,
            workspace_id=workspace.pk,
            data={"expires_at": expires_at.isoformat() if expires_at else None},
        )
    return token, plain


def revoke_scim_token(*, token: ScimToken, by: User, at: datetime) -> None:
    """Revoke the token, effective at once. Idempotent. Audited."""
    with transaction.atomic():
        if ScimToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
            record(
                action="workspaces.scim_token_revoked",
                by=by,
                at=at,
                subject=token,
                workspace_id=token.workspace_id,
            )


def record_token_use(*, token: ScimToken, at: datetime) -> None:
    """Store when the token was last used, at most once a minute."""
    if token.last_used_at is None or at - token.last_used_at >= _USE_STEP:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - _USE_STEP)
        with open_scope(directory_scope(token.workspace_id)):
            ScimToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)
