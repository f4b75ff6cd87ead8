"""API keys: created, used, revoked. The key itself is shown once and never stored."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.dates import check_date
from core.errors import Conflict, Forbidden, InvalidInput
from core.scope import Scope, open_scope
from core.text import clean_line
from workspaces import rules
from workspaces.access import KEY_START, STAFF_SCOPES, hash_secret
from workspaces.models import ApiKey, User, Workspace
from workspaces.queries import get_user_roles
from workspaces.services.security_notices import SecurityEvent, notify_security
from workspaces.states import ApiScope

MAX_KEYS = 50
_PREFIX_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
# "Last used" is shown to people: a minute is exact enough and saves a write per request.
_USE_STEP = timedelta(minutes=1)


def create_api_key(
    *,
    user: User,
    workspace: Workspace,
    name: str,
    scopes: Collection[str],
    by: User,
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Create a key that acts as ``user`` inside ``workspace``; return it and its secret text. Audited.

    Raises InvalidInput for unknown or no scopes and a past expiry, Forbidden for a workspace that the
    person is not a member of and for staff scopes without the role, Conflict for too many keys.
    """
    wanted = sorted(set(scopes))
    if not wanted or any(scope not in ApiScope.values for scope in wanted):
        raise InvalidInput(_("Choose at least one permission."), code="scopes_invalid", field="scopes")
    if expires_at is not None:
        check_date(expires_at, field="expires_at")
        if expires_at <= at:
            raise InvalidInput(_("Choose a day in the future."), code="expiry_past", field="expires_at")
    name = clean_line(name, max_length=80, field="name")
    if not rules.is_member(user, workspace):
        raise Forbidden(
            _("A key works only in a workspace of which you are a member."),
            code="not_a_member",
            field="workspace",
        )
    staff = get_user_roles(user).staff
    if any(role not in staff for role, scope in STAFF_SCOPES.items() if scope in wanted):
        raise Forbidden(_("This permission is for staff with that role."), code="staff_scope", field="scopes")
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _n in range(10))
    plain = f"{KEY_START}_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        User.objects.select_for_update(of=("self",)).get(pk=user.pk)  # so that the count below holds
        if ApiKey.objects.filter(user=user, revoked_at__isnull=True).count() >= MAX_KEYS:
            raise Conflict(_("You have 50 keys. Revoke one that you no longer use."), code="too_many_keys")
        key = ApiKey.objects.create(
            user=user,
            workspace=workspace,
            name=name,
            prefix=prefix,
            key_hash=hash_secret(plain),
            scopes=wanted,
            created_at=at,
            expires_at=expires_at,
        )
        record(
            action="workspaces.api_key_created",
            by=by,
            at=at,
            subject=key,
            workspace_id=workspace.pk,
            data={"scopes": wanted, "expires_at": expires_at.isoformat() if expires_at else None},
        )
        if by.pk == user.pk:
            notify_security(user=user, event=SecurityEvent.API_KEY_CREATED, at=at, detail=name)
    return key, plain


def revoke_api_key(*, key: ApiKey, by: User, at: datetime) -> ApiKey:
    """Revoke the key, effective at once; its person is told when somebody else does. Idempotent. Audited."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at):
            key.revoked_at = at
            record(
                action="workspaces.api_key_revoked",
                by=by,
                at=at,
                subject=key,
                workspace_id=key.workspace_id,
            )
            if by.pk != key.user_id:
                notify_security(
                    user=key.user,
                    event=SecurityEvent.API_KEY_REVOKED,
                    at=at,
                    detail=f"{key.name} ({KEY_START}_{key.prefix}…)",
                )
    return key


def record_key_use(*, key: ApiKey, at: datetime) -> None:
    """Store when the key was last used, at most once a minute."""
    if key.last_used_at is None or at - key.last_used_at >= _USE_STEP:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=at - _USE_STEP)
        with open_scope(Scope(user_id=key.user_id)):  # a request uses its key before its own scope is open
            ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)
