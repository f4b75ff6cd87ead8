"""Staff roles: moderator, finance, operator."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import InvalidInput
from workspaces.models import StaffRole, User
from workspaces.states import Staff


def grant_staff_role(*, user: User, role: str, by: User | None, at: datetime) -> StaffRole:
    """Give ``user`` a staff role. Idempotent. Audited. ``by`` is None for the command line."""
    if role not in Staff.values:
        raise InvalidInput(
            _("There is no such staff role. Choose moderator, finance or operator."),
            code="staff_role_unknown",
            field="role",
        )
    with transaction.atomic():
        granted, is_new = StaffRole.objects.get_or_create(
            user=user, role=role, defaults={"granted_by": by, "granted_at": at}
        )
        if is_new:
            record(
                action="workspaces.staff_role_granted", by=by, at=at, subject=user, data={"role": str(role)}
            )
    return granted


def revoke_staff_role(*, user: User, role: str, by: User | None, at: datetime) -> None:
    """Take a staff role away, effective with the next request of ``user``. Idempotent. Audited."""
    with transaction.atomic():
        count, _rows = StaffRole.objects.filter(user=user, role=role).delete()
        if count:
            record(
                action="workspaces.staff_role_revoked", by=by, at=at, subject=user, data={"role": str(role)}
            )
