"""/api/v1/workspaces/<workspace>/retention and /legal-holds, for admins."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from gpts.assistants.access import gpt_not_found
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_gpts_of
from gpts.chat.access import access_legal_hold, access_retention_rule
from gpts.chat.models import LegalHold, RetentionRule
from gpts.chat.models.retention import HOLD_REASON_LENGTH
from gpts.chat.queries.retention import list_gpts_to_hold, list_holds, list_rules_in_force
from gpts.chat.services.retention import end_hold, end_rule, propose_rule, save_rule, start_hold
from workspaces.access import WorkspaceAct
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.states import ApiScope

ADDRESS = "Address of a GPT of the workspace; empty for all."


class RetentionRuleSerializer(serializers.ModelSerializer[RetentionRule]):
    """Counts are null until a job has counted; in force from ``saved_at`` to ``ended_at``."""

    gpt = serializers.SlugRelatedField[GPT](slug_field="slug", read_only=True, allow_null=True)

    class Meta:
        model = RetentionRule
        fields: ClassVar[Any] = [
            "id", "gpt", "days", "proposed_at", "conversation_count", "held_count", "counted_at", "saved_at",
            "ended_at",
        ]  # fmt: skip
        read_only_fields: ClassVar[Any] = fields


class NewRuleSerializer(serializers.Serializer[Any]):
    gpt = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text=ADDRESS
    )
    days = serializers.IntegerField(help_text="After the last message.")


class LegalHoldSerializer(serializers.ModelSerializer[LegalHold]):
    person = PersonSerializer(read_only=True, allow_null=True)
    gpt = serializers.SlugRelatedField[GPT](slug_field="slug", read_only=True, allow_null=True)

    class Meta:
        model = LegalHold
        fields: ClassVar[Any] = ["id", "person", "gpt", "reason", "started_at", "ended_at"]
        read_only_fields: ClassVar[Any] = fields


class NewHoldSerializer(serializers.Serializer[Any]):
    """A person or a GPT."""

    email = serializers.CharField(max_length=254, required=False, default="", allow_blank=True)
    gpt = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text=ADDRESS
    )
    reason = serializers.CharField(max_length=HOLD_REASON_LENGTH * 4)


def _find_gpt(gpts: QuerySet[GPT], slug: str) -> GPT | None:
    if not slug:
        return None
    found = None if "\x00" in slug else gpts.filter(slug=slug).first()
    if found is None:
        raise InvalidInput(gpt_not_found().message, code="unknown_gpt", field="gpt")
    return found


class RetentionView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="retention_list", responses=RetentionRuleSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the rules in force about how long conversations are kept."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        return Response(RetentionRuleSerializer(list_rules_in_force(tenant), many=True).data)

    @extend_schema(
        operation_id="retention_propose",
        request=NewRuleSerializer,
        responses={202: RetentionRuleSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Propose a rule: a job counts what it would delete, then it can be saved."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        values = self.read(NewRuleSerializer)
        rule = propose_rule(
            workspace=tenant,
            gpt=_find_gpt(list_gpts_of(tenant), values["gpt"]),
            days=values["days"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(RetentionRuleSerializer(rule).data, status=202)


class RetentionRuleView(LoggiaAPIView):
    required_scopes: ClassVar = {
        "GET": ApiScope.ACCOUNT, "PUT": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT,
    }  # fmt: skip

    @extend_schema(operation_id="retention_read", responses=RetentionRuleSerializer)
    def get(self, request: Request, workspace: str, rule_id: UUID) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        return Response(RetentionRuleSerializer(access_retention_rule(tenant, rule_id)).data)

    @extend_schema(operation_id="retention_save", request=None, responses=RetentionRuleSerializer)
    def put(self, request: Request, workspace: str, rule_id: UUID) -> Response:
        """Put a counted rule in force in place of the one before."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        rule = access_retention_rule(tenant, rule_id)
        saved = save_rule(rule=rule, by=self.person, at=timezone.now())
        return Response(RetentionRuleSerializer(saved).data)

    @extend_schema(operation_id="retention_end", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str, rule_id: UUID) -> Response:
        """End a rule; it deletes nothing more."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        end_rule(rule=access_retention_rule(tenant, rule_id), by=self.person, at=timezone.now())
        return Response(status=204)


class LegalHoldsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="legal_hold_list", responses=LegalHoldSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the holds that are not ended."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        return Response(LegalHoldSerializer(list_holds(tenant), many=True).data)

    @extend_schema(
        operation_id="legal_hold_start", request=NewHoldSerializer, responses={201: LegalHoldSerializer}
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Keep the conversations of a person or with a GPT, whoever wants to delete them."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        values = self.read(NewHoldSerializer)
        hold = start_hold(
            workspace=tenant,
            email=values["email"],
            gpt=_find_gpt(list_gpts_to_hold(tenant), values["gpt"]),
            reason=values["reason"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(LegalHoldSerializer(hold).data, status=201)


class LegalHoldView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="legal_hold_end", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str, hold_id: UUID) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_RETENTION)
        end_hold(hold=access_legal_hold(tenant, hold_id), by=self.person, at=timezone.now())
        return Response(status=204)
