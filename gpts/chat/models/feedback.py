"""Feedback of people on answers."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from gpts.assistants.models.gpts import GPT, Version
from gpts.chat.models.conversations import Turn
from gpts.chat.states import FeedbackReason
from workspaces.models import Workspace


class TurnFeedback(models.Model):
    """A person's thumb up or down on one answer. Builders see only counts of at least five people."""

    turn = models.OneToOneField(Turn, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="+")
    is_positive = models.BooleanField()
    reason = models.CharField(
        max_length=20, choices=FeedbackReason.choices, default=FeedbackReason.NONE, blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["gpt", "created_at"], name="gpts_feedback_gpt")]

    def __str__(self) -> str:
        return f"{'+' if self.is_positive else '-'} on {self.turn_id}"
