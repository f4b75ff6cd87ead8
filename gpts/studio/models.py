"""The Create conversation: its messages, and the changes that its answers made in the draft."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT
from gpts.chat.states import MessageRole
from gpts.llm.states import FinishReason, TurnState
from gpts.studio.states import BuilderChangeState
from workspaces.models import Workspace


class BuilderMessage(models.Model):
    """One message of a person's Create conversation about one GPT.

    Answers have tokens and ``cost_micros``, which the instance bears: no creator earns from building, so
    there is no UsageEvent. A reset sets ``cleared_at`` and empties the text, but keeps the cost.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="builder_messages")
    role = models.CharField(max_length=10, choices=MessageRole.choices)
    content = models.TextField(blank=True)
    # The key of the guided interview's question that the answer ends with; empty if a model answered.
    step = models.CharField(max_length=20, blank=True)
    # Suggested replies, which a person can click instead of typing.
    choices = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=12, choices=TurnState.choices, default=TurnState.FINISHED)
    error_code = models.CharField(max_length=40, blank=True)
    finish_reason = models.CharField(
        max_length=12, choices=FinishReason.choices, blank=True, default="", db_default=""
    )
    model_name = models.CharField(max_length=120, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gpt", "user"],
                condition=Q(state=TurnState.RUNNING),
                name="gpts_buildermessage_one_running",
            ),
        ]
        indexes = [
            models.Index(
                fields=["gpt", "user", "id"],
                condition=Q(cleared_at__isnull=True),
                name="gpts_buildermessage_shown",
            ),
            models.Index(fields=["workspace", "created_at"], name="gpts_buildermessage_cost"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.id}"


class BuilderChange(models.Model):
    """A change of one field that a Create answer made or tried; ``before`` and ``after`` are JSON values."""

    message = models.ForeignKey(BuilderMessage, on_delete=models.CASCADE, related_name="changes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    field = models.CharField(max_length=40)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=BuilderChangeState.choices)
    # Why it was refused, in the language that the person used then.
    refusal = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["message", "id"], name="gpts_builderchange_message")]

    def __str__(self) -> str:
        return f"{self.field} {self.state}"
