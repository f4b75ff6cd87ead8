"""Serializers of conversations and turns."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gpts.chat.models import Conversation, Turn
from gpts.chat.services.turns import TITLE_LENGTH
from gpts.llm.failure_messages import get_turn_note


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    gpt = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="version.number", default=None, read_only=True)

    class Meta:
        model = Conversation
        fields = (
            "id", "gpt", "version", "title", "is_temporary", "expires_at", "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = fields


class RenameSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=TITLE_LENGTH)


class TurnSerializer(serializers.ModelSerializer[Turn]):
    """A turn on the shown path, with its question and its answer as markdown."""

    question = serializers.SerializerMethodField()
    answer = serializers.SerializerMethodField()
    thinking = serializers.SerializerMethodField()
    citations = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()
    gpt = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="version.number", default=None, read_only=True)
    siblings = serializers.SerializerMethodField()

    class Meta:
        model = Turn
        fields = (
            "id", "position", "gpt", "version", "siblings", "state", "error_code", "retry_after",
            "finish_reason", "note", "question", "answer", "thinking", "citations", "model_name",
            "input_tokens", "output_tokens", "cost_micros", "trimmed_turns", "is_regeneration", "started_at",
            "first_token_at", "ended_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_siblings(self, turn: Any) -> list[str]:
        """This turn and its siblings, oldest first; empty when it has none."""
        return [str(pk) for pk in self.context.get("siblings", {}).get(turn.pk, ())]

    def get_question(self, turn: Any) -> str:
        return turn.question.content if turn.question else ""

    def get_answer(self, turn: Any) -> str:
        return turn.answer.content if turn.answer else ""

    def get_thinking(self, turn: Any) -> str:
        """What the model thought before it answered; no part of the answer."""
        return turn.answer.thinking if turn.answer else ""

    def get_citations(self, turn: Any) -> list[dict[str, Any]]:
        return turn.answer.citations if turn.answer else []

    def get_note(self, turn: Any) -> str:
        return get_turn_note(turn.state, turn.error_code, turn.retry_after, turn.finish_reason)
