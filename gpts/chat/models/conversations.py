"""Conversations of one person with one GPT: turns and their messages."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT, Version
from gpts.chat.states import MessageRole
from gpts.llm.models import LanguageModel
from gpts.llm.states import FinishReason, TurnState
from gpts.metering.states import UsageSource
from workspaces.models import Workspace


class Conversation(models.Model):
    """Visible to its person only. Without a version it is a preview of the draft."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    # The workspace in which the person chats, not the GPT's. Its budgets and usage figures count the turns.
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, related_name="conversations")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="+")
    title = models.CharField(max_length=120, blank=True)
    # The model chosen in the chat; null follows the GPT's recommendation.
    language_model = models.ForeignKey(
        LanguageModel, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Not listed, searched or shared; deleted for good after ``expires_at``.
    is_temporary = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["user", "-updated_at", "-id"],
                condition=Q(deleted_at__isnull=True),
                name="gpts_conversation_recent",
            ),
            models.Index(fields=["gpt", "user"], name="gpts_conversation_gpt"),
            # For the rules of companies about how long conversations are kept.
            models.Index(fields=["workspace", "updated_at"], name="gpts_conversation_age"),
            # Partial indexes for the job that deletes conversations for good.
            models.Index(
                fields=["expires_at"], condition=Q(is_temporary=True), name="gpts_conversation_temporary"
            ),
            models.Index(
                fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="gpts_conversation_deleted"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Turn(models.Model):
    """One question and its answer. The time in the UUIDv7 is the start of the turn and of its usage event.

    The turns of a conversation form a tree: an edited or repeated turn is a sibling (same ``parent``) of the
    one it replaces, which is kept, as it was paid for. ``is_shown`` marks the path that the page shows, from
    the first turn to a leaf; ``position`` is the depth in the tree, from 1.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="turns")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    is_shown = models.BooleanField(default=True)
    # When the person last switched to this turn; null if never. A path leads from each turn to the child that
    # was shown last.
    shown_at = models.DateTimeField(null=True)
    # The GPT that answers, and its version; not the conversation's own when the person mentioned one by "@".
    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="+")
    is_regeneration = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=TurnState.choices, default=TurnState.RUNNING)
    source = models.CharField(max_length=10, choices=UsageSource.choices, default=UsageSource.WEB)
    # Idempotency key of the client, so that a double click starts one turn.
    request_key = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    retry_after = models.PositiveIntegerField(null=True)
    finish_reason = models.CharField(
        max_length=12, choices=FinishReason.choices, blank=True, default="", db_default=""
    )
    model_name = models.CharField(max_length=120, blank=True)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    trimmed_turns = models.PositiveIntegerField(default=0)
    # Of the best passage found, 0 to 1; null without a search in knowledge.
    retrieval_score = models.FloatField(null=True)
    # Data of the debug panel without the prompt's text; only for drafts.
    debug = models.JSONField(null=True)
    started_at = models.DateTimeField()
    first_token_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state=TurnState.RUNNING),
                name="gpts_turn_one_running",
            ),
            models.UniqueConstraint(
                fields=["conversation", "position"],
                condition=Q(is_shown=True),
                name="gpts_turn_one_shown",
            ),
            models.UniqueConstraint(
                fields=["conversation", "request_key"],
                condition=~Q(request_key=""),
                name="gpts_turn_request_key",
            ),
            models.CheckConstraint(
                condition=Q(state=TurnState.RUNNING, ended_at__isnull=True)
                | (~Q(state=TurnState.RUNNING) & Q(ended_at__isnull=False)),
                name="gpts_turn_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "position"], name="gpts_turn_conversation"),
            models.Index(fields=["gpt", "started_at"], name="gpts_turn_gpt"),
            models.Index(fields=["user"], condition=Q(state=TurnState.RUNNING), name="gpts_turn_running"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Message(models.Model):
    """A question or an answer. ``citations`` lists {"number", "passage_id", "file", "heading", "page"}."""

    turn = models.ForeignKey(Turn, on_delete=models.CASCADE, related_name="messages")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=MessageRole.choices)
    content = models.TextField()
    # What the model thought before it answered. Shown folded away, and never sent to a model again.
    thinking = models.TextField(blank=True, db_default="", default="")
    citations = models.JSONField(default=list, blank=True)
    # Calls of the provider's own tools: {"kind", "label", "is_ok"}.
    tools = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["turn", "role"], name="gpts_message_role"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.turn_id}"
