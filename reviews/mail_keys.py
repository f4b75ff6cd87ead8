"""Signed keys in mails about a decision: whose account is closed reads it and objects without signing in."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core import signing

from reviews.models import Notice
from reviews.queries.appeals import APPEAL_WINDOW
from workspaces.models import User

SALT = "reviews.decision"
# The window begins with the notice; a mail may be sent some days later.
VALID_FOR = APPEAL_WINDOW + timedelta(days=7)


def make_mail_key(notice: Notice) -> str:
    """Return the key for the recipient of a notice about a decision."""
    return signing.dumps([str(notice.decision_id), notice.recipient_id], salt=SALT)


def find_person_of_key(decision_id: UUID, key: str) -> User | None:
    """Return the person that the key was mailed to, when their account is closed; None for all others.

    People with an account sign in: a forwarded mail must not act for them.
    """
    try:
        about, user_id = signing.loads(key, salt=SALT, max_age=VALID_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if about != str(decision_id):
        return None
    return User.objects.filter(pk=user_id, is_active=False).first()
