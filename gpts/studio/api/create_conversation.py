"""/api/v1/gpts/<slug>/create-conversation: read it, reset it, stop an answer, undo a change."""

from __future__ import annotations

from typing import ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.access import access_gpt
from gpts.assistants.rules import GPTAct
from gpts.studio.access import access_create_change
from gpts.studio.api.create_serializers import (
    BuilderChangeSerializer,
    CreateConversationSerializer,
    FlipChangeSerializer,
    StoppingSerializer,
)
from gpts.studio.create.begin import stop_create_answer
from gpts.studio.queries import get_create_cost, list_create_messages
from gpts.studio.services.create import reset_conversation, set_change_state
from workspaces.api.base import LoggiaAPIView
from workspaces.states import ApiScope


class CreateConversationView(LoggiaAPIView):
    """The Create conversation about one GPT, of the person whose API key it is."""

    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "DELETE": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="create_conversation_read", responses=CreateConversationSerializer)
    def get(self, request: Request, slug: str) -> Response:
        user = self.person
        gpt = access_gpt(user, slug, to=GPTAct.VIEW_SETTINGS)
        data = {"messages": list_create_messages(user, gpt), **get_create_cost(gpt, user)}
        return Response(CreateConversationSerializer(data).data)

    @extend_schema(operation_id="create_conversation_reset", responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Reset the conversation; the draft stays as it is."""
        user = self.person
        reset_conversation(gpt=access_gpt(user, slug, to=GPTAct.EDIT), by=user, at=timezone.now())
        return Response(status=204)


class CreateStopView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="create_message_stop", request=None, responses={202: StoppingSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Stop the running answer of Create; its changes stay and can be undone."""
        user = self.person
        gpt = access_gpt(user, slug, to=GPTAct.EDIT)
        return Response({"is_stopping": stop_create_answer(user, gpt)}, status=202)


class CreateChangeView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.GPTS_WRITE}

    @extend_schema(
        operation_id="create_change_flip", request=FlipChangeSerializer, responses=BuilderChangeSerializer
    )
    def post(self, request: Request, slug: str, change_id: int) -> Response:
        """Undo or redo one change; 409 with the current value if the field was changed since."""
        user = self.person
        gpt = access_gpt(user, slug, to=GPTAct.EDIT)
        change = access_create_change(user, gpt, change_id)
        body = self.read(FlipChangeSerializer)
        changed = set_change_state(
            change=change, state=body["state"], is_forced=body["force"], by=user, at=timezone.now()
        )
        return Response(BuilderChangeSerializer(changed).data)
