"""Looking up the person on whose behalf a command acts."""

from __future__ import annotations

from django.core.management.base import CommandError

from workspaces.models import User


def get_finance_user(email: str) -> User:
    """Return the active finance user with this e-mail address; raises CommandError. Needs a system scope."""
    user = User.objects.filter(email=email.lower(), is_active=True).first()
    if user is None or not user.has_perm("payouts.work_finance"):
        raise CommandError(f"{email} does not work in finance. Run make_staff {email} --role finance.")
    return user
