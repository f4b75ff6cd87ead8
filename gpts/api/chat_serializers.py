"""Shapes of conversations and turns in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gpts.failures import turn_note
from gpts.models import Conversation, Turn
from gpts.services.chat import TITLE_LENGTH


class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    gpt = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="version.number", default=None, read_only=True)

    class Meta:
        model = Conversation
        fields = ("id", "gpt", "version", "title", "created_at", "updated_at")
        read_only_fields = fields


class RenameSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=TITLE_LENGTH)


class TurnSerializer(serializers.ModelSerializer[Turn]):
    """A turn on the shown path, with its question and its answer as markdown."""

    question = serializers.SerializerMethodField()
    answer = serializers.SerializerMethodField()
    citations = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    class Meta:
        model = Turn
        fields = (
            "id", "position", "state", "error_code", "retry_after", "note", "question", "answer", "citations",
            "model_name", "input_tokens", "output_tokens", "is_regeneration", "started_at", "ended_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_question(self, turn: Any) -> str:
        return turn.question.content if turn.question else ""

    def get_answer(self, turn: Any) -> str:
        return turn.answer.content if turn.answer else ""

    def get_citations(self, turn: Any) -> list[dict[str, Any]]:
        return turn.answer.citations if turn.answer else []

    def get_note(self, turn: Any) -> str:
        return turn_note(turn.state, turn.error_code, turn.retry_after)
