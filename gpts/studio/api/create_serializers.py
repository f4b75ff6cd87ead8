"""Serializers of the Create conversation."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from gpts.studio.models import BuilderChange, BuilderMessage


class BuilderChangeSerializer(serializers.ModelSerializer[BuilderChange]):
    """One change of one field. ``before`` and ``after`` are the field's JSON values."""

    before = serializers.JSONField(read_only=True)
    after = serializers.JSONField(read_only=True)

    class Meta:
        model = BuilderChange
        fields: ClassVar[Any] = ["id", "field", "state", "before", "after", "refusal", "created_at"]
        read_only_fields: ClassVar[Any] = fields


class BuilderMessageSerializer(serializers.ModelSerializer[BuilderMessage]):
    changes = BuilderChangeSerializer(many=True, read_only=True)
    choices = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = BuilderMessage
        fields: ClassVar[Any] = [
            "id",
            "role",
            "content",
            "state",
            "error_code",
            "choices",
            "finish_reason",
            "changes",
            "model_name",
            "input_tokens",
            "output_tokens",
            "cost_micros",
            "created_at",
            "ended_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class CreateConversationSerializer(serializers.Serializer[Any]):
    """The messages, oldest first, and the cost of all Create answers to this person about this GPT."""

    messages = BuilderMessageSerializer(many=True)
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_micros = serializers.IntegerField(help_text="Micro-units of the instance's currency.")


class FlipChangeSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["applied", "undone"], help_text="Undo, or redo by “applied”.")
    force = serializers.BooleanField(
        required=False, default=False, help_text="Also when the field was changed by somebody since."
    )


class StoppingSerializer(serializers.Serializer[Any]):
    is_stopping = serializers.BooleanField(help_text="False when no answer was running.")
