"""Suspending a person as a builder, and lifting it. Called by moderation."""

from __future__ import annotations

from datetime import datetime

from core.audit import record
from workspaces.models import User


def suspend_publishing(*, user_id: int, by: User | None, at: datetime) -> None:
    """Refuse what workspaces.acts refuses to suspended people; their links stop at once. Idempotent. Audited.

    The caller owns the transaction.
    """
    if User.objects.filter(pk=user_id, publishing_suspended_at__isnull=True).update(
        publishing_suspended_at=at
    ):
        record(
            action="workspaces.publishing_suspended",
            by=by,
            at=at,
            subject=("workspaces.user", str(user_id)),
        )


def resume_publishing(*, user_id: int, by: User | None, at: datetime) -> None:
    """Undo suspend_publishing; links work again. Idempotent. Audited."""
    if User.objects.filter(pk=user_id, publishing_suspended_at__isnull=False).update(
        publishing_suspended_at=None
    ):
        record(
            action="workspaces.publishing_resumed",
            by=by,
            at=at,
            subject=("workspaces.user", str(user_id)),
        )
