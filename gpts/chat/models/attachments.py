"""What a person adds to a chat, and what an answer brought back."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.chat.models.conversations import Conversation, Turn
from gpts.chat.states import AttachmentKind, MessageRole
from gpts.knowledge.states import FileState
from workspaces.models import Workspace


class Attachment(models.Model):
    """A file of one conversation, seen by its person alone; of nobody's turn until the message is sent.

    ``size`` in bytes, ``content_hash`` the SHA-256 of the stored bytes. ``text`` is what was extracted.
    An image of the assistant's was made by the provider's own tool.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    # Empty while the first message of a new conversation is being written.
    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, null=True, related_name="attachments"
    )
    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, null=True, related_name="attachments")
    role = models.CharField(max_length=10, choices=MessageRole.choices, default=MessageRole.USER)
    kind = models.CharField(max_length=10, choices=AttachmentKind.choices)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    content_hash = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=FileState.choices, default=FileState.WAITING)
    failure = models.CharField(max_length=60, blank=True)
    text = models.TextField(blank=True)
    characters = models.PositiveIntegerField(default=0)
    # An edited or regenerated question keeps its files: a copy shares bytes and text with the first one.
    copy_of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="copies")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(turn__isnull=True) | Q(conversation__isnull=False),
                name="gpts_attachment_turn",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "created_at"], name="gpts_attachment_conversation"),
            models.Index(fields=["created_at"], condition=Q(turn__isnull=True), name="gpts_attachment_loose"),
        ]

    def __str__(self) -> str:
        return self.name
