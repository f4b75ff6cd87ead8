"""Branches of a conversation, its version, and mentions in the API."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.look.icon_files import build_icon_url
from gpts.assistants.access import recheck_chat
from gpts.chat.access import access_turn
from gpts.chat.api.conversations import access_own_conversation, access_own_conversation_to_continue
from gpts.chat.api.serializers import ConversationSerializer
from gpts.chat.mentions import Mention, list_mentions
from gpts.chat.services.branches import show_turn
from gpts.chat.services.versions import AnsweringVersion, continue_with_version, get_answering_version
from gpts.chat.version_changes import list_public_changes, list_versions_between
from marketplace.queries.suggestions import list_store_slugs
from workspaces.api.base import LoggiaAPIView


class ShownSerializer(serializers.Serializer[Any]):
    turn = serializers.UUIDField()


class ContinueSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class ChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class NewerVersionSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    release_notes = serializers.CharField(allow_blank=True)


class VersionStateSerializer(serializers.Serializer[Any]):
    """`version` answers next (null: the draft, or none when `is_over`); `live` is a newer version."""

    version = serializers.IntegerField(allow_null=True)
    live = serializers.IntegerField(allow_null=True)
    is_moved = serializers.BooleanField()
    is_over = serializers.BooleanField()
    changes = ChangeSerializer(many=True)
    releases = NewerVersionSerializer(many=True)


class MentionSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=["recent", "workspace", "public"])
    icon_url = serializers.SerializerMethodField()

    def get_icon_url(self, mention: Mention) -> str:
        """Path of the picture, or of the one drawn for the slug and category."""
        return f"/{mention.icon}" if mention.icon else build_icon_url(mention.slug, mention.category)


class TurnShowView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": "chat"}

    @extend_schema(request=None, responses=ShownSerializer)
    def post(self, request: Request, conversation_id: UUID, turn_id: UUID) -> Response:
        """Show the branch of a turn, down to the end shown last; 409 while an answer is being written."""
        turn = access_turn(access_own_conversation_to_continue(request, conversation_id), turn_id)
        show_turn(turn=turn, at=timezone.now())
        return Response({"turn": str(turn.pk)})


class ConversationVersionView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat", "POST": "chat"}

    @extend_schema(responses=VersionStateSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Which version answers, which newer one is live, and what changed in what everybody may read."""
        conversation = access_own_conversation(request, conversation_id)
        answering = get_answering_version(self.person, conversation)
        body = _build_state(answering) | {"changes": [], "releases": []}
        if answering.offered is not None and conversation.version is not None:
            changes = list_public_changes(conversation.version, answering.offered)
            between = list_versions_between(conversation.version, answering.offered)
            body |= {
                "changes": [{"field": c.field, "before": c.before, "after": c.after} for c in changes],
                "releases": [
                    {"number": version.number, "release_notes": version.release_notes}
                    for version in (answering.offered, *between)
                ],
            }
        return Response(body)

    @extend_schema(request=ContinueSerializer, responses=ConversationSerializer)
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Continue with the live version, named by its number; 409 when another one is live by now."""
        conversation = access_own_conversation_to_continue(request, conversation_id)
        given: dict[str, Any] = self.read(ContinueSerializer)
        live, _relation = recheck_chat(
            self.person, conversation.gpt, is_draft=conversation.version_id is None
        )
        continue_with_version(
            conversation=conversation, number=given["version"], live=live, at=timezone.now()
        )
        return Response(ConversationSerializer(conversation).data)


class MentionsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(
        parameters=[OpenApiParameter("q", str, description="A part of the name.")],
        responses=MentionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """GPTs that can be called into a conversation: recent ones, your workspaces', the store's by name."""
        text = request.query_params.get("q", "")
        found = list_mentions(self.person, text, in_store=list_store_slugs(text))
        return Response(MentionSerializer(found, many=True).data)


def _build_state(answering: AnsweringVersion) -> dict[str, Any]:
    return {
        "version": answering.version.number if answering.version is not None else None,
        "live": answering.offered.number if answering.offered is not None else None,
        "is_moved": answering.is_moved,
        "is_over": answering.is_over,
    }
