"""In the API: branches of a conversation, its version, and the GPTs that can be called by "@"."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import recheck_chat
from gpts.chat.access import access_turn
from gpts.chat.api.conversations import own_conversation
from gpts.chat.api.serializers import ConversationSerializer
from gpts.chat.kept_versions import Kept, kept_state, public_changes, release_notes_between
from gpts.chat.mentions import mentions_for
from gpts.chat.services.branches import show_turn
from gpts.chat.services.versions import continue_version
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer


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
    """`version` answers next (null: the draft, or nothing when `is_over`); `live` is a newer one."""

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


class TurnShowView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": "chat"}

    @extend_schema(request=None, responses=ShownSerializer)
    def post(self, request: Request, conversation_id: UUID, turn_id: UUID) -> Response:
        """Show the branch of a turn, down to the end that was shown last; 409 while an answer is written."""
        turn = access_turn(own_conversation(request, conversation_id), turn_id)
        show_turn(turn=turn, at=timezone.now())
        return Response({"turn": str(turn.pk)})


class ConversationVersionView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat", "POST": "chat"}

    @extend_schema(responses=VersionStateSerializer)
    def get(self, request: Request, conversation_id: UUID) -> Response:
        """Which version answers, which newer one is live, and what changed in what everybody may read."""
        conversation = own_conversation(request, conversation_id)
        user, _key = bearer(request)
        kept = kept_state(user, conversation)
        body = _state(kept) | {"changes": [], "releases": []}
        if kept.offered is not None and conversation.version is not None:
            changes = public_changes(conversation.version, kept.offered)
            between = release_notes_between(conversation.version, kept.offered)
            body |= {
                "changes": [{"field": c.field, "before": c.before, "after": c.after} for c in changes],
                "releases": [
                    {"number": version.number, "release_notes": version.release_notes}
                    for version in (kept.offered, *between)
                ],
            }
        return Response(body)

    @extend_schema(request=ContinueSerializer, responses=ConversationSerializer)
    def post(self, request: Request, conversation_id: UUID) -> Response:
        """Go on with the version that is live, named by its number; 409 when another one is by now."""
        conversation = own_conversation(request, conversation_id)
        given: dict[str, Any] = self.read(ContinueSerializer)
        user, _key = bearer(request)
        live, _relation = recheck_chat(user, conversation.gpt, is_draft=conversation.version_id is None)
        continue_version(conversation=conversation, number=given["version"], live=live, at=timezone.now())
        return Response(ConversationSerializer(conversation).data)


class MentionsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": "chat"}

    @extend_schema(
        parameters=[OpenApiParameter("q", str, description="A part of the name.")],
        responses=MentionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """GPTs that can be called into a conversation: recent ones, your workspaces', the store's by name."""
        user, _key = bearer(request)
        found = mentions_for(user, request.query_params.get("q", ""))
        return Response(MentionSerializer(found, many=True).data)


def _state(kept: Kept) -> dict[str, Any]:
    return {
        "version": kept.version.number if kept.version is not None else None,
        "live": kept.offered.number if kept.offered is not None else None,
        "is_moved": kept.is_moved,
        "is_over": kept.is_over,
    }
