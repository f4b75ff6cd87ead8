"""Conversations in the API: list, read, rename, delete, and stop a turn."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.chat.access import access_conversation, access_conversation_to_continue, access_turn
from gpts.chat.api.serializers import ConversationSerializer, RenameSerializer, TurnSerializer
from gpts.chat.models import Conversation
from gpts.chat.queries.conversations import list_conversations
from gpts.chat.queries.turns import get_turn_window, parse_position
from gpts.chat.search import filter_by_words
from gpts.chat.services.turns import delete_conversation, rename_conversation
from gpts.chat.streaming.connection import ask_to_stop
from gpts.chat.streaming.lost import interrupt_if_lost
from gpts.llm.states import TurnState
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer

API_WINDOW = 200


def access_own_conversation(request: Request, conversation_id: UUID) -> Conversation:
    """Return a conversation of the key's person in the key's workspace; NotFound otherwise."""
    user, key = bearer(request)
    return access_conversation(user, conversation_id, workspace_id=key.workspace_id)


def access_own_conversation_to_continue(request: Request, conversation_id: UUID) -> Conversation:
    """As access_own_conversation, for new work: Forbidden when the person left the workspace that pays."""
    user, key = bearer(request)
    return access_conversation_to_continue(user, conversation_id, workspace_id=key.workspace_id)


class ConversationsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}
    ordering = ("-updated_at", "-id")

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "q", str, description="Words of the conversation; the last one may be a beginning."
            )
        ],
        responses=ConversationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List your conversations in the key's workspace, newest first; with `q` those with these words."""
        user, key = bearer(request)
        rows = list_conversations(user).filter(workspace_id=key.workspace_id)
        if query := request.query_params.get("q", "").strip():
            rows = filter_by_words(user, rows, query)
        return self.page(rows, ConversationSerializer)


class ConversationView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat", "PATCH": "chat", "DELETE": "chat"}

    @extend_schema(
        parameters=[OpenApiParameter("before", int, description="Turns before this position only.")],
        responses=ConversationSerializer,
    )
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Read a conversation with the last turns of its shown path; `earlier_than` asks for those before."""
        conversation = access_own_conversation(request, conversation_id)
        before = request.query_params.get("before", "")
        window = get_turn_window(conversation, before=parse_position(before), size=API_WINDOW, with_gpts=True)
        turns = TurnSerializer(window.turns, many=True, context={"siblings": window.siblings}).data
        earlier = window.turns[0].position if window.has_earlier else None
        body = ConversationSerializer(conversation).data
        return Response({**body, "turns": turns, "earlier_than": earlier})

    @extend_schema(request=RenameSerializer, responses=ConversationSerializer)
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        """Rename a conversation."""
        conversation = access_own_conversation(request, conversation_id)
        given: dict[str, Any] = self.read(RenameSerializer)
        rename_conversation(conversation=conversation, title=given["title"], at=timezone.now())
        return Response(ConversationSerializer(conversation).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, conversation_id: UUID) -> Response:
        """Delete a conversation; its usage stays counted."""
        conversation = access_own_conversation(request, conversation_id)
        delete_conversation(conversation=conversation, at=timezone.now())
        return Response(status=204)


class TurnStopView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": "chat"}

    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, conversation_id: UUID, turn_id: UUID) -> Response:
        """Stop a running answer; its text so far is kept and counted."""
        turn = access_turn(access_own_conversation(request, conversation_id), turn_id)
        if turn.state == TurnState.RUNNING and not interrupt_if_lost(turn=turn, at=timezone.now()):
            ask_to_stop(turn.pk)
        return Response({"turn": str(turn.pk)}, status=202)
