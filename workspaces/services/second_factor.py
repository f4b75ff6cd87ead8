"""The second factor of sign-in: staff need one; an operator can reset a lost one."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from core.audit import record
from core.instance_settings import get_setting
from workspaces.models import User
from workspaces.queries import SECOND_FACTORS


def lacks_required_factor(user: User) -> bool:
    """Return whether this instance requires a second factor of its staff and ``user`` has none."""
    has_one = Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists()
    return get_setting("staff_second_factor") and not has_one


@transaction.atomic
def reset_second_factor(*, user: User, by: User | None, at: datetime, reason: str = "") -> int:
    """Remove every second factor and recovery code of ``user`` and end their sessions; return how many.

    For a person who has lost them. Staff roles stop counting until a new factor is set up. Audited, also
    when there was nothing to remove. ``by`` is None for the command line.
    """
    count, _rows = Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    record(
        action="workspaces.second_factor_reset",
        by=by,
        at=at,
        subject=user,
        reason=reason,
        data={"removed": count},
    )
    return count
