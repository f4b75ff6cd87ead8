"""What the header of every page shows about its reader."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from workspaces.models import Notification, User


@dataclass(frozen=True)
class HeaderFacts:
    """``builder_handle`` is empty for people without a public profile."""

    unread_notifications: int
    builder_handle: str


def get_header_facts(user: User) -> HeaderFacts:
    """Return both in one query, as every page of a signed-in person runs it."""
    unread = (
        Notification.objects.filter(user=OuterRef("pk"), read_at__isnull=True)
        .order_by()
        .values("user")
        .annotate(count=Count("pk"))
        .values("count")
    )
    row = (
        User.objects.filter(pk=user.pk)
        .order_by()
        .values_list(Coalesce(Subquery(unread), 0), "builder_profile__handle")[:1]
    )
    for count, handle in row:
        return HeaderFacts(count, handle or "")
    return HeaderFacts(0, "")
