"""/api/v1/workspaces/<workspace>/identity/connections: by which identity providers people sign in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.scope import open_scope
from workspaces.access import WorkspaceAct, access_connection, not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import FreshPasswordSerializer, require_password
from workspaces.api.workspaces import access_key_workspace
from workspaces.connection_checks import describe_again, read_provider
from workspaces.models import IdentityConnection, Workspace
from workspaces.queries.identity import list_connections
from workspaces.saml.metadata import describe_certificates
from workspaces.services.connections import (
    ConnectionSettings,
    SamlSettings,
    delete_connection,
    note_discovery,
    set_connection,
    set_saml_connection,
    switch_connection,
)
from workspaces.states import ApiScope, ConnectionKind
from workspaces.web.company_saml import get_service
from workspaces.web.company_sign_in import get_redirect_uri
from workspaces.web.own_scopes import get_scope, opens_own_scopes


class CertificateSerializer(serializers.Serializer[Any]):
    fingerprint = serializers.CharField(help_text="SHA-256.")
    expires_at = serializers.DateTimeField()


class ConnectionSerializer(serializers.ModelSerializer[IdentityConnection]):
    """Never the secret. What belongs to the other kind is empty."""

    issuer = serializers.CharField(read_only=True, help_text="For SAML the entity id of the provider.")
    is_checked = serializers.SerializerMethodField()
    sso_url = serializers.SerializerMethodField()
    metadata_url = serializers.SerializerMethodField()
    certificates = serializers.SerializerMethodField()
    redirect_uri = serializers.SerializerMethodField(help_text="Where the provider sends people back.")
    service_entity_id = serializers.SerializerMethodField(help_text="For SAML our own name, and metadata.")

    class Meta:
        model = IdentityConnection
        fields: ClassVar[Any] = [
            "kind",
            "name",
            "issuer",
            "client_id",
            "domains",
            "role_claim",
            "group_claim",
            "is_checked",
            "is_enabled",
            "sso_url",
            "metadata_url",
            "certificates",
            "redirect_uri",
            "service_entity_id",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_is_checked(self, connection: IdentityConnection) -> bool:
        return connection.discovered_at is not None

    def get_sso_url(self, connection: IdentityConnection) -> str:
        return str(connection.discovered.get("sso_url", ""))

    def get_metadata_url(self, connection: IdentityConnection) -> str:
        return str(connection.discovered.get("metadata_url", ""))

    @extend_schema_field(CertificateSerializer(many=True))
    def get_certificates(self, connection: IdentityConnection) -> Any:
        lines = describe_certificates(connection.discovered.get("certificates", []))
        return CertificateSerializer(lines, many=True).data

    def get_redirect_uri(self, connection: IdentityConnection) -> str:
        if connection.kind == ConnectionKind.SAML:
            return get_service(connection.workspace).acs_url
        return get_redirect_uri(connection.workspace)

    def get_service_entity_id(self, connection: IdentityConnection) -> str:
        is_saml = connection.kind == ConnectionKind.SAML
        return get_service(connection.workspace).entity_id if is_saml else ""


class NewConnectionSerializer(FreshPasswordSerializer):
    """For OpenID Connect issuer, client_id and secret; for SAML metadata or metadata_url."""

    name = serializers.CharField(max_length=10_000)
    domains = serializers.ListField(child=serializers.CharField(max_length=300), required=False, default=list)
    role_claim = serializers.CharField(max_length=10_000, allow_blank=True, default="roles")
    group_claim = serializers.CharField(max_length=10_000, allow_blank=True, default="groups")
    issuer = serializers.CharField(max_length=10_000, required=False, default="")
    client_id = serializers.CharField(max_length=10_000, required=False, default="")
    secret = serializers.CharField(
        max_length=2_000,
        required=False,
        allow_null=True,
        default=None,
        write_only=True,
        help_text="Absent keeps the present one.",
    )
    metadata = serializers.CharField(
        max_length=500_000, required=False, allow_blank=True, default="", help_text="The XML of the provider."
    )
    metadata_url = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ConnectionSwitchSerializer(FreshPasswordSerializer):
    is_enabled = serializers.BooleanField()


class ConnectionsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}
    pagination_class = None

    @extend_schema(operation_id="connection_list", responses=ConnectionSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
        return Response(ConnectionSerializer(list_connections(tenant), many=True).data)


@opens_own_scopes
class ConnectionView(LoggiaAPIView):
    required_scopes: ClassVar = {
        "GET": ApiScope.ACCOUNT,
        "PUT": ApiScope.ACCOUNT,
        "PATCH": ApiScope.ACCOUNT,
        "DELETE": ApiScope.ACCOUNT,
    }

    @extend_schema(operation_id="connection_read", responses=ConnectionSerializer)
    def get(self, request: Request, workspace: str, kind: str) -> Response:
        with open_scope(get_scope(request)):
            return self._show(self._access(request, workspace), kind)

    @extend_schema(
        operation_id="connection_set", request=NewConnectionSerializer, responses=ConnectionSerializer
    )
    def put(self, request: Request, workspace: str, kind: str) -> Response:
        """Set the connection; owners only. One that is new, or to another provider, is switched off."""
        now = timezone.now()
        with open_scope(get_scope(request)):
            tenant = self._access(request, workspace)
            if kind not in ConnectionKind.values:
                raise not_found()
            values = self.read(NewConnectionSerializer)
            require_password(request, values.get("password", ""))
        shared = {
            "name": values["name"],
            "domains": values["domains"],
            "role_claim": values["role_claim"],
            "group_claim": values["group_claim"],
        }
        if kind == ConnectionKind.SAML:
            # No transaction is open while the provider answers.
            provider = read_provider(metadata=values["metadata"], address=values["metadata_url"], at=now)
            with open_scope(get_scope(request)):
                saml = SamlSettings(**shared, provider=provider, metadata_url=values["metadata_url"].strip())
                set_saml_connection(workspace=tenant, settings=saml, by=self.person, at=now)
                return self._show(tenant, kind)
        with open_scope(get_scope(request)):
            openid = ConnectionSettings(
                **shared, issuer=values["issuer"], client_id=values["client_id"], secret=values["secret"]
            )
            set_connection(workspace=tenant, settings=openid, by=self.person, at=now)
            return self._show(tenant, kind)

    @extend_schema(
        operation_id="connection_switch", request=ConnectionSwitchSerializer, responses=ConnectionSerializer
    )
    def patch(self, request: Request, workspace: str, kind: str) -> Response:
        """Switch the sign-in on or off; owners only."""
        with open_scope(get_scope(request)):
            tenant = self._access(request, workspace)
            connection = access_connection(tenant, kind)
            values = self.read(ConnectionSwitchSerializer)
            require_password(request, values.get("password", ""))
            switch_connection(
                connection=connection, is_enabled=values["is_enabled"], by=self.person, at=timezone.now()
            )
            return self._show(tenant, kind)

    @extend_schema(operation_id="connection_delete", request=FreshPasswordSerializer, responses={204: None})
    def delete(self, request: Request, workspace: str, kind: str) -> Response:
        """Remove the connection with the links of its people."""
        with open_scope(get_scope(request)):
            tenant = self._access(request, workspace)
            connection = access_connection(tenant, kind)
            require_password(request, self.read(FreshPasswordSerializer).get("password", ""))
            delete_connection(connection=connection, by=self.person, at=timezone.now())
        return Response(status=204)

    def _access(self, request: Request, slug: str) -> Workspace:
        return access_key_workspace(request, slug, to=WorkspaceAct.MANAGE_IDENTITY)

    def _show(self, tenant: Workspace, kind: str) -> Response:
        return Response(ConnectionSerializer(access_connection(tenant, kind)).data)


@opens_own_scopes
class ConnectionCheckView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="connection_check", request=None, responses=ConnectionSerializer)
    def post(self, request: Request, workspace: str, kind: str) -> Response:
        """Ask the provider to describe itself: its addresses, and its keys or certificates."""
        now = timezone.now()
        with open_scope(get_scope(request)):
            tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_IDENTITY)
            connection = access_connection(tenant, kind)
        discovered = describe_again(connection, at=now)
        with open_scope(get_scope(request)):
            note_discovery(connection=connection, discovered=discovered, by=self.person, at=now)
            return Response(ConnectionSerializer(access_connection(tenant, kind)).data)
