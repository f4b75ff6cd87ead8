"""Creates notifications and marks them as read."""

from __future__ import annotations

from datetime import datetime

from core.scope import Scope, open_scope
from core.text import clean_line
from workspaces.models import Notification, User


def notify(*, user: User, kind: str, title: str, at: datetime, body: str = "", url: str = "") -> Notification:
    """Create a notification for ``user`` in the caller's transaction; ``url`` is a path on this site.

    Row-level security lets only that person read the row, so it is written in their scope.
    """
    if url and (not url.startswith("/") or url.startswith("//")):
        raise ValueError(f"a notification links inside this site only, not to {url!r}")
    with open_scope(Scope(user_id=user.pk)):
        return Notification.objects.create(
            user=user,
            kind=kind,
            title=clean_line(str(title), max_length=200, field="title"),
            body=body,
            url=url,
            created_at=at,
        )


def mark_read(*, user: User, by: User, at: datetime, notification: Notification | None = None) -> int:
    """Mark one notification, or all of the person's, as read; return how many were unread."""
    unread = Notification.objects.filter(user=user, read_at__isnull=True)
    if notification is not None:
        unread = unread.filter(pk=notification.pk)
    return unread.update(read_at=at)
