"""A conversation as it stood when its person shared it by link."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT, Version
from gpts.chat.models.conversations import Conversation
from workspaces.models import Workspace


class SharedConversation(models.Model):
    """A frozen copy that whoever holds ``token`` may read, until ``removed_at``.

    ``content`` is {"format", "turns": [{"question", "answer", "files", "sources", "by", "at"}]}: the shown
    path without debug, names of attachments and of cited files without their text.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # 256 random bits; who has the link has the right, so that it is looked up by nothing else.
    token = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="shares")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="+")
    title = models.CharField(max_length=120)
    content = models.JSONField()
    turn_count = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(removed_at__isnull=True), name="gpts_share_one_open"
            ),
            models.CheckConstraint(condition=Q(turn_count__gt=0), name="gpts_share_turns"),
        ]
        indexes = [
            models.Index(
                fields=["user", "-created_at", "-id"],
                condition=Q(removed_at__isnull=True),
                name="gpts_share_recent",
            ),
        ]

    def __str__(self) -> str:
        return self.title
