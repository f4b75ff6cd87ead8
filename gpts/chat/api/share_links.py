"""Share links of conversations in the API."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound
from core.links import absolute_url
from gpts.chat.api.conversations import access_own_conversation, access_own_conversation_to_continue
from gpts.chat.models import SharedConversation
from gpts.chat.services.share_links import create_share_link, remove_share_link
from gpts.chat.share_links import get_share_link, list_share_links
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer


class ShareSerializer(serializers.ModelSerializer[SharedConversation]):
    url = serializers.SerializerMethodField()
    conversation = serializers.UUIDField(source="conversation_id")

    class Meta:
        model = SharedConversation
        fields = ("url", "conversation", "title", "turn_count", "created_at")
        read_only_fields = fields

    def get_url(self, share: SharedConversation) -> str:
        return absolute_url(reverse("gpts:share-open", args=[share.token]))


class ShareView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat", "PUT": "chat", "DELETE": "chat"}

    @extend_schema(operation_id="conversations_share_retrieve", responses=ShareSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read the share link of a conversation."""
        share = get_share_link(access_own_conversation(request, conversation_id))
        if share is None:
            raise NotFound("This conversation is not shared.", code="share_not_found")
        return Response(ShareSerializer(share).data)

    @extend_schema(operation_id="conversations_share_update", request=None, responses=ShareSerializer)
    def put(self, request: Request, conversation_id: UUID) -> Response:
        """Create the link, or renew the copy that it shows."""
        conversation = access_own_conversation_to_continue(request, conversation_id)
        share = create_share_link(conversation=conversation, by=self.person, at=timezone.now())
        return Response(ShareSerializer(share).data)

    @extend_schema(operation_id="conversations_share_destroy", request=None, responses={204: None})
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """Remove the link; it opens nothing from then on."""
        conversation = access_own_conversation(request, conversation_id)
        remove_share_link(conversation=conversation, by=self.person, at=timezone.now())
        return Response(status=204)


class SharesView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}
    ordering = ("-created_at", "-id")

    @extend_schema(operation_id="shares_list", responses=ShareSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List your share links in the key's workspace."""
        user, key = bearer(request)
        return self.page(list_share_links(user).filter(workspace_id=key.workspace_id), ShareSerializer)
