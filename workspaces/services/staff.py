"""Staff roles: moderator, child safety, finance, operator."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.audit import record
from core.errors import Conflict, InvalidInput
from workspaces.models import StaffRole, User
from workspaces.states import Staff


def grant_staff_role(*, user: User, role: str, by: User | None, at: datetime) -> StaffRole:
    """Give ``user`` a staff role. Idempotent. Audited. ``by`` is None for the command line.

    Child safety is a role besides that of a moderator; raises InvalidInput for anybody else.
    """
    if role not in Staff.values:
        raise InvalidInput(
            _("There is no such staff role. Choose moderator, child safety, finance or operator."),
            code="staff_role_unknown",
            field="role",
        )
    if role == Staff.CHILD_SAFETY and not _has_role(user, Staff.MODERATOR):
        raise InvalidInput(
            _("Only a moderator can have the role for child safety. Give that role first."),
            code="staff_role_needs_moderator",
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
    """Take a staff role away, effective with the next request of ``user``. Idempotent. Audited.

    Child safety goes with the role of moderator. Raises Conflict when an operator would be the last to go;
    the command line (``by`` is None) may.
    """
    roles = [Staff.MODERATOR, Staff.CHILD_SAFETY] if role == Staff.MODERATOR else [role]
    with transaction.atomic():
        if role == Staff.OPERATOR:
            lock_operator_roles()
        held = StaffRole.objects.select_for_update().filter(user=user, role__in=roles)
        removed = sorted(held.values_list("role", flat=True))
        if not removed:
            return
        if by is not None and role == Staff.OPERATOR and not has_other_operator(user):
            raise Conflict(
                _("You are the only operator. Make somebody else one first."), code="last_operator"
            )
        held.delete()
        record(
            action="workspaces.staff_role_revoked",
            by=by,
            at=at,
            subject=user,
            data={"role": str(role), "removed": removed},
        )


def _has_role(user: User, role: str) -> bool:
    return StaffRole.objects.filter(user=user, role=role).exists()


def is_operator_account(user: User) -> bool:
    """Return whether ``user`` was given the role of operator, whether or not it counts now."""
    return _has_role(user, Staff.OPERATOR)


def has_other_operator(user: User) -> bool:
    """Return whether somebody else is an active operator; the caller has locked the roles."""
    others = StaffRole.objects.filter(role=Staff.OPERATOR, user__is_active=True)
    return others.exclude(user=user).exists()


def lock_operator_roles() -> None:
    """Lock the roles of all operators until the commit, in one order: so one at a time checks who is left."""
    rows = StaffRole.objects.select_for_update(of=("self",)).filter(role=Staff.OPERATOR)
    list(rows.order_by("pk").values_list("pk", flat=True))
