"""Acme lets two people open conversations: one access of last month, and a request that waits for an answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from gpts.chat.models import ContentAccess
from gpts.chat.services.content_access import (
    answer_content_access,
    close_content_access,
    request_content_access,
    set_content_access,
)
from workspaces.models import User, Workspace

ACME = "Acme"
ADMIN, COUNSEL, MEMBER, BUILDER = (
    "admin@acme.test",
    "legal@acme.test",
    "member@acme.test",
    "builder@acme.test",
)


def lacks_content_access() -> bool:
    return User.objects.filter(email=COUNSEL).exists() and not ContentAccess.objects.exists()


def seed_content_access(*, at: datetime) -> str:
    """Make both; returns what there is."""
    acme = Workspace.objects.get(name=ACME)
    people = {user.email: user for user in User.objects.filter(memberships__workspace=acme)}
    admin, counsel = people[ADMIN], people[COUNSEL]
    begun = at - timedelta(days=30)
    set_content_access(workspace=acme, is_allowed=True, by=admin, at=begun)
    past = request_content_access(
        workspace=acme,
        email=MEMBER,
        reason="A customer says that an offer with a wrong price went out on the 12th.",
        by=counsel,
        at=begun + timedelta(hours=2),
    )
    answer_content_access(access=past, is_approved=True, by=admin, at=begun + timedelta(hours=3))
    close_content_access(access=past, by=counsel, at=begun + timedelta(hours=5))
    request_content_access(
        workspace=acme,
        email=BUILDER,
        reason="The works council asks which data of applicants were entered.",
        by=counsel,
        at=at - timedelta(hours=20),
    )
    return "one past access to conversations of Acme and one request"
