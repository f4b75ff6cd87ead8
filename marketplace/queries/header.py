"""What the header of every page shows about its reader."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, JSONObject

from workspaces.models import Notification, User, Workspace


@dataclass(frozen=True)
class HeaderFacts:
    """``builder_handle`` is empty for people without a public profile."""

    unread_notifications: int
    builder_handle: str
    # Keys of the logos of the person's workspaces that have one.
    logos: dict[int, str] = field(default_factory=dict)


def get_header_facts(user: User) -> HeaderFacts:
    """Return all in one query, as every page of a signed-in person runs it."""
    unread = (
        Notification.objects.filter(user=OuterRef("pk"), read_at__isnull=True)
        .order_by()
        .values("user")
        .annotate(count=Count("pk"))
        .values("count")
    )
    logos = ArraySubquery(
        Workspace.objects.filter(members__user=OuterRef("pk"))
        .exclude(logo="")
        .order_by()
        .values_list(JSONObject(id="pk", logo="logo"))
    )
    row = (
        User.objects.filter(pk=user.pk)
        .order_by()
        .values_list(Coalesce(Subquery(unread), 0), "builder_profile__handle", logos)[:1]
    )
    for count, handle, found in row:
        return HeaderFacts(count, handle or "", {one["id"]: one["logo"] for one in found})
    return HeaderFacts(0, "")
