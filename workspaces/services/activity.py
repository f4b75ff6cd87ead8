"""When a member last used a workspace, exact to ACTIVITY_SECONDS.

A request looks into a dictionary of its process and, once in ACTIVITY_SECONDS for each member, sends a job;
it writes nothing itself. The job writes only a later time, so that several processes do not disturb each
other. Only use of the workspace counts: its pages, keys and chats, not what else the person does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from core.jobs import enqueue_now
from workspaces.models import Member

# By (person, workspace), the time of the last job of this process.
_noted: dict[tuple[int, int], datetime] = {}
_MAX_NOTED = 50_000


def note_activity(*, user_id: int, workspace_id: int, at: datetime) -> None:
    """Note that a member uses a workspace. Cheap; loses at most an hour when the queue is down."""
    if not settings.ACTIVITY_SECONDS:
        return
    last = _noted.get((user_id, workspace_id))
    if last is not None and at - last < timedelta(seconds=settings.ACTIVITY_SECONDS):
        return
    if len(_noted) >= _MAX_NOTED:
        _noted.clear()
    _noted[user_id, workspace_id] = at
    enqueue_now("workspaces.record_activity", user_id=user_id, workspace_id=workspace_id, at=at.isoformat())


def record_activity(*, user_id: int, workspace_id: int, at: datetime) -> bool:
    """Write the time of a member's last activity; False without a member or with a later time. Idempotent."""
    earlier = Q(last_active_at__isnull=True) | Q(last_active_at__lt=at)
    rows = Member.objects.filter(earlier, user_id=user_id, workspace_id=workspace_id)
    return bool(rows.update(last_active_at=at))
