"""What surrounds a conversation in the API: thumbs, links, downloads."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from core.scope import current_scope
from gpts.chat.access import access_turn
from gpts.chat.api.conversations import own_conversation
from gpts.chat.export import as_dict
from gpts.chat.models import SharedConversation, TurnFeedback
from gpts.chat.services.feedback import REASONS, give_feedback, take_feedback_back
from gpts.chat.services.shares import share_conversation, stop_sharing
from gpts.chat.share_links import share_of, shares_of
from gpts.chat.web.export import stream_all
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer


class FeedbackSerializer(serializers.ModelSerializer[TurnFeedback]):
    thumb = serializers.SerializerMethodField()

    class Meta:
        model = TurnFeedback
        fields = ("thumb", "reason", "created_at")
        read_only_fields = fields

    def get_thumb(self, given: TurnFeedback) -> str:
        return "up" if given.is_positive else "down"


class GiveFeedbackSerializer(serializers.Serializer[Any]):
    thumb = serializers.ChoiceField(choices=["up", "down"])
    reason = serializers.ChoiceField(choices=[reason.value for reason in REASONS], required=False, default="")


class ShareSerializer(serializers.ModelSerializer[SharedConversation]):
    url = serializers.SerializerMethodField()
    conversation = serializers.UUIDField(source="conversation_id")

    class Meta:
        model = SharedConversation
        fields = ("url", "conversation", "title", "turn_count", "created_at")
        read_only_fields = fields

    def get_url(self, share: SharedConversation) -> str:
        return f"{settings.BASE_URL}{reverse('gpts:share-open', args=[share.token])}"


class FeedbackView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": "chat", "DELETE": "chat"}

    @extend_schema(
        operation_id="turns_feedback_update", request=GiveFeedbackSerializer, responses=FeedbackSerializer
    )
    def put(self, request: Request, conversation_id: UUID, turn_id: UUID) -> Response:
        """Say what you think of an answer; its creator sees counts only."""
        turn = access_turn(own_conversation(request, conversation_id), turn_id)
        given = self.read(GiveFeedbackSerializer)
        feedback = give_feedback(
            turn=turn,
            is_positive=given["thumb"] == "up",
            reason=given["reason"],
            by=request.user,
            at=timezone.now(),
        )
        return Response(FeedbackSerializer(feedback).data)

    @extend_schema(operation_id="turns_feedback_destroy", request=None, responses={204: None})
    def delete(self, request: Request, conversation_id: UUID, turn_id: UUID) -> Response:
        """Take it back."""
        take_feedback_back(turn=access_turn(own_conversation(request, conversation_id), turn_id))
        return Response(status=204)


class ShareView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat", "PUT": "chat", "DELETE": "chat"}

    @extend_schema(operation_id="conversations_share_retrieve", responses=ShareSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read the link of a conversation."""
        share = share_of(own_conversation(request, conversation_id))
        if share is None:
            raise NotFound("This conversation is not shared.", code="share_not_found")
        return Response(ShareSerializer(share).data)

    @extend_schema(operation_id="conversations_share_update", request=None, responses=ShareSerializer)
    def put(self, request: Request, conversation_id: UUID) -> Response:
        """Make the link, or renew the copy that it shows."""
        conversation = own_conversation(request, conversation_id)
        share = share_conversation(conversation=conversation, by=request.user, at=timezone.now())
        return Response(ShareSerializer(share).data)

    @extend_schema(operation_id="conversations_share_destroy", request=None, responses={204: None})
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """Take the link back; it opens nothing from then on."""
        conversation = own_conversation(request, conversation_id)
        stop_sharing(conversation=conversation, by=request.user, at=timezone.now())
        return Response(status=204)


class SharesView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}
    ordering = ("-created_at", "-id")

    @extend_schema(operation_id="shares_list", responses=ShareSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List your open links in the key's workspace."""
        user, key = bearer(request)
        return self.page(shares_of(user).filter(workspace_id=key.workspace_id), ShareSerializer)


class ExportView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(operation_id="conversations_export_retrieve", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read a conversation with all its branches, models, tokens and cost (loggia.conversation/1)."""
        return Response(as_dict(own_conversation(request, conversation_id)))


class ExportAllView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(
        operation_id="conversations_export_list",
        responses={(200, "application/jsonl"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Fetch your conversations in the key's workspace, one of loggia.conversation/1 a line."""
        user, key = bearer(request)
        return stream_all(user, current_scope(), workspace_id=key.workspace_id)
