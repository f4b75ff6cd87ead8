"""Share links of conversations, each with the copy that it shows."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT, Version
from gpts.chat.models.conversations import Conversation
from workspaces.models import Workspace


class SharedConversation(models.Model):
    """A share link: a copy of the conversation that anybody with ``token`` may read until ``removed_at``.

    ``content`` is {"format", "gpt", "turns": [{"question", "answer", "files", "pictures", "sources", "by",
    "at"}]}: the shown turns without debug data, with names of attached and cited files but not their text.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # 256 random bits. The token alone gives the right to read.
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
