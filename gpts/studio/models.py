"""The Create conversation: what a person said to the builder, and what it changed in the draft."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT
from gpts.chat.states import MessageRole
from gpts.llm.states import TurnState
from gpts.studio.states import BuilderChangeState
from workspaces.models import Workspace


class BuilderMessage(models.Model):
    """One message of one person's conversation with the builder about one GPT.

    Tokens and ``cost_micros`` stand on the builder's answers. They are this instance's own cost: building
    pays no creator, so that there is no UsageEvent. A reset empties the text and keeps the figures.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="builder_messages")
    role = models.CharField(max_length=10, choices=MessageRole.choices)
    content = models.TextField(blank=True)
    # The guided interview's question that an answer of the builder ends with; empty with a model.
    step = models.CharField(max_length=20, blank=True)
    # Answers that one can click instead of typing.
    choices = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=12, choices=TurnState.choices, default=TurnState.FINISHED)
    error_code = models.CharField(max_length=40, blank=True)
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
    """One change of one field that the builder made or tried; ``before`` and ``after`` as JSON values."""

    message = models.ForeignKey(BuilderMessage, on_delete=models.CASCADE, related_name="changes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    field = models.CharField(max_length=40)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=BuilderChangeState.choices)
    # Why it was refused, in the person's language of then.
    refusal = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["message", "id"], name="gpts_builderchange_message")]

    def __str__(self) -> str:
        return f"{self.field} {self.state}"
