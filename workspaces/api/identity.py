"""/api/v1/workspaces/<workspace>/identity: what the identity provider decides, and its tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import WorkspaceAct, access_scim_token
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import FreshPasswordSerializer, require_password
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import IdentityRules, ScimToken
from workspaces.queries.identity import get_identity_rules, list_scim_tokens
from workspaces.services.identity_rules import CLAIMED_ROLES, DEFAULT_ROLES, set_role_claims
from workspaces.services.scim_tokens import create_scim_token, revoke_scim_token
from workspaces.states import ApiScope


class IdentityRulesSerializer(serializers.ModelSerializer[IdentityRules]):
    role_claims = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = IdentityRules
        fields: ClassVar[Any] = ["default_role", "role_claims"]
        read_only_fields: ClassVar[Any] = fields


class RoleClaimsSerializer(FreshPasswordSerializer):
    """What is absent stays as it is."""

    default_role = serializers.ChoiceField(choices=[role.value for role in DEFAULT_ROLES], required=False)
    role_claims = serializers.DictField(
        child=serializers.ChoiceField(choices=[role.value for role in CLAIMED_ROLES]),
        required=False,
        help_text="Values of the identity provider and the roles that they give.",
    )


class ScimTokenSerializer(serializers.ModelSerializer[ScimToken]):
    class Meta:
        model = ScimToken
        fields: ClassVar[Any] = ["id", "name", "prefix", "created_at", "last_used_at", "expires_at"]
        read_only_fields: ClassVar[Any] = fields


class NewScimTokenSerializer(FreshPasswordSerializer):
    name = serializers.CharField(max_length=10_000)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class CreatedScimTokenSerializer(ScimTokenSerializer):
    token = serializers.CharField(read_only=True, help_text="Shown this once.")

    class Meta(ScimTokenSerializer.Meta):
        fields: ClassVar[Any] = [*ScimTokenSerializer.Meta.fields, "token"]
        read_only_fields: ClassVar[Any] = fields


class IdentityView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PATCH": ApiScope.ACCOUNT}

    @extend_schema(operation_id="identity_read", responses=IdentityRulesSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        return Response(IdentityRulesSerializer(get_identity_rules(tenant)).data)

    @extend_schema(
        operation_id="identity_change", request=RoleClaimsSerializer, responses=IdentityRulesSerializer
    )
    def patch(self, request: Request, workspace: str) -> Response:
        """Set what values of the identity provider mean; owners are never made this way."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        values = self.read(RoleClaimsSerializer)
        require_password(request, values.get("password", ""))
        before = get_identity_rules(tenant)
        after = set_role_claims(
            workspace=tenant,
            default_role=values.get("default_role", before.default_role),
            role_claims=values.get("role_claims", before.role_claims),
            by=self.person,
            at=timezone.now(),
        )
        return Response(IdentityRulesSerializer(after).data)


class ScimTokensView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}
    pagination_class = None

    @extend_schema(operation_id="scim_token_list", responses=ScimTokenSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        return Response(ScimTokenSerializer(list_scim_tokens(tenant), many=True).data)

    @extend_schema(
        operation_id="scim_token_create",
        request=NewScimTokenSerializer,
        responses={201: CreatedScimTokenSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        values = self.read(NewScimTokenSerializer)
        require_password(request, values.get("password", ""))
        token, plain = create_scim_token(
            workspace=tenant,
            name=values["name"],
            expires_at=values["expires_at"],
            by=self.person,
            at=timezone.now(),
        )
        return Response(ScimTokenSerializer(token).data | {"token": plain}, status=201)


class ScimTokenView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="scim_token_revoke", responses={204: None})
    def delete(self, request: Request, workspace: str, token_id: int) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        revoke_scim_token(token=access_scim_token(tenant, token_id), by=self.person, at=timezone.now())
        return Response(status=204)
