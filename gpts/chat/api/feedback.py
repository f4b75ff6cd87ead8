"""Feedback on answers in the API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.chat.access import access_turn
from gpts.chat.api.conversations import access_own_conversation, access_own_conversation_to_continue
from gpts.chat.models import TurnFeedback
from gpts.chat.services.feedback import REASONS, give_feedback, remove_feedback
from workspaces.api.base import LoggiaAPIView


class FeedbackSerializer(serializers.ModelSerializer[TurnFeedback]):
    thumb = serializers.SerializerMethodField()

    class Meta:
        model = TurnFeedback
        fields = ("thumb", "reason", "created_at")
        read_only_fields = fields

    def get_thumb(self, feedback: TurnFeedback) -> str:
        return "up" if feedback.is_positive else "down"


class GiveFeedbackSerializer(serializers.Serializer[Any]):
    thumb = serializers.ChoiceField(choices=["up", "down"])
    reason = serializers.ChoiceField(choices=[reason.value for reason in REASONS], required=False, default="")


class FeedbackView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": "chat", "DELETE": "chat"}

    @extend_schema(
        operation_id="turns_feedback_update", request=GiveFeedbackSerializer, responses=FeedbackSerializer
    )
    def put(self, request: Request, conversation_id: UUID, turn_id: UUID) -> Response:
        """Say what you think of an answer; its creator sees counts only."""
        turn = access_turn(access_own_conversation_to_continue(request, conversation_id), turn_id)
        given = self.read(GiveFeedbackSerializer)
        feedback = give_feedback(
            turn=turn,
            is_positive=given["thumb"] == "up",
            reason=given["reason"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(FeedbackSerializer(feedback).data)

    @extend_schema(operation_id="turns_feedback_destroy", request=None, responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, turn_id: UUID) -> Response:
        """Remove your feedback."""
        remove_feedback(turn=access_turn(access_own_conversation(request, conversation_id), turn_id))
        return Response(status=204)
