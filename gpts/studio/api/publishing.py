"""/api/v1/gpts/<slug>/approvals and /api/v1/workspaces/<workspace>/publishing: approval inside a company."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Forbidden
from gpts.assistants.access import access_gpt
from gpts.assistants.models import PublishRequest
from gpts.assistants.queries.publishing import (
    get_approval_need,
    list_gpt_publish_requests,
    list_open_publish_requests,
)
from gpts.assistants.rules import GPTAct
from gpts.assistants.states import ApprovalNeed, Audience
from gpts.studio.access import access_gpt_to_update, access_publish_request
from gpts.studio.services.publishing import (
    approve_publish_request,
    ask_to_publish,
    send_back_publish_request,
    set_publishing_rule,
    withdraw_publish_request,
)
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.states import ApiScope

LONG = 10_000


class PublishRequestSerializer(serializers.ModelSerializer[PublishRequest]):
    gpt = serializers.CharField(source="gpt.slug", read_only=True)
    name = serializers.CharField(source="version.name", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)
    requested_by = PersonSerializer(read_only=True)
    decided_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = PublishRequest
        fields: ClassVar[Any] = [
            "id",
            "gpt",
            "name",
            "version",
            "audience",
            "state",
            "requested_by",
            "requested_at",
            "note",
            "answer",
            "decided_by",
            "decided_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class NewPublishRequestSerializer(serializers.Serializer[Any]):
    audience = serializers.ChoiceField(choices=Audience.choices)
    note = serializers.CharField(max_length=LONG, required=False, allow_blank=True, default="")


class PublishDecisionSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=["approve", "send_back"])
    reason = serializers.CharField(
        max_length=LONG, required=False, allow_blank=True, default="", help_text="Needed to send it back."
    )


class PublishingRuleSerializer(serializers.Serializer[Any]):
    need = serializers.ChoiceField(choices=ApprovalNeed.choices)


class ApprovalsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.GPTS_READ, "POST": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="approval_list", responses=PublishRequestSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List requests to share versions of a GPT, the newest first."""
        # Notes and reasons are for who edits or decides, not for viewers.
        try:
            gpt = access_gpt(self.person, slug, to=GPTAct.EDIT)
        except Forbidden:
            gpt = access_gpt(self.person, slug, to=GPTAct.MANAGE)
        return self.page(list_gpt_publish_requests(gpt), PublishRequestSerializer)

    @extend_schema(
        operation_id="approval_request",
        request=NewPublishRequestSerializer,
        responses={201: PublishRequestSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Freeze the draft and ask that exactly this version may be shared with an audience."""
        values = self.read(NewPublishRequestSerializer)
        gpt, _only_update = access_gpt_to_update(self.person, slug, values["audience"])
        made = ask_to_publish(
            gpt=gpt, audience=values["audience"], note=values["note"], by=self.person, at=timezone.now()
        )
        return Response(PublishRequestSerializer(made).data, status=201)


class ApprovalView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.GPTS_WRITE}

    @extend_schema(operation_id="approval_withdraw", responses={204: None})
    def delete(self, request: Request, slug: str, request_id: int) -> Response:
        """Take back an open request: one's own, or as who manages the GPT."""
        gpt = access_gpt(self.person, slug, to=GPTAct.VIEW_SETTINGS)
        asked = access_publish_request(request_id, gpt=gpt)
        if asked.requested_by_id != self.person.pk:
            access_gpt(self.person, slug, to=GPTAct.MANAGE)
        withdraw_publish_request(request=asked, by=self.person, at=timezone.now())
        return Response(status=204)


class PublishingView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}
    ordering = ("id",)

    @extend_schema(operation_id="publishing_list", responses=PublishRequestSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List what waits for approval, the oldest first."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        return self.page(list_open_publish_requests(tenant), PublishRequestSerializer)


class PublishDecisionView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="publishing_decide",
        request=PublishDecisionSerializer,
        responses=PublishRequestSerializer,
    )
    def post(self, request: Request, workspace: str, request_id: int) -> Response:
        """Approve exactly the version of a request, or send it back with a reason; never one's own."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        asked = access_publish_request(request_id, workspace=tenant)
        values, now = self.read(PublishDecisionSerializer), timezone.now()
        if values["decision"] == "approve":
            done = approve_publish_request(request=asked, by=self.person, at=now)
        else:
            done = send_back_publish_request(request=asked, reason=values["reason"], by=self.person, at=now)
        return Response(PublishRequestSerializer(done).data)


class PublishingRuleView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PUT": ApiScope.ACCOUNT}

    @extend_schema(operation_id="publishing_rule_retrieve", responses=PublishingRuleSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_GPTS)
        return Response({"need": get_approval_need(tenant.pk).value})

    @extend_schema(
        operation_id="publishing_rule_set",
        request=PublishingRuleSerializer,
        responses=PublishingRuleSerializer,
    )
    def put(self, request: Request, workspace: str) -> Response:
        """Set when sharing a GPT needs another person."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
        need = self.read(PublishingRuleSerializer)["need"]
        set_publishing_rule(workspace=tenant, need=need, by=self.person, at=timezone.now())
        return Response({"need": need})
