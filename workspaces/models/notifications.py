"""Notifications to a person."""

from __future__ import annotations

from django.db import models

from core.ids import uuid7
from workspaces.models.users import User


class Notification(models.Model):
    """One message to one person, stored as it was sent."""

    # Not set by the database: row-level security lets senders insert rows that they cannot read back.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="workspaces_notification_user"),
            models.Index(
                fields=["user"],
                condition=models.Q(read_at__isnull=True),
                name="workspaces_notification_unread",
            ),
        ]

    def __str__(self) -> str:
        return self.title
