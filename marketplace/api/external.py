"""/api/v1/workspaces/<workspace>/external: GPTs from outside, requests by members and decisions by admins."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from gpts.assistants.models import GPT, Adoption, AdoptionRequest, Version
from gpts.assistants.queries.adoptions import (
    find_adoption,
    list_adoptions,
    list_open_requests,
    list_own_requests,
)
from gpts.assistants.services.adoptions import (
    approve_adoption,
    block_gpt,
    refuse_request,
    request_adoption,
    withdraw_adoption,
    withdraw_request,
)
from gpts.assistants.states import AdoptionState
from marketplace.access import access_external_gpt, access_listing, access_request
from marketplace.api.security_pack import PackSerializer, describe_pack
from marketplace.queries.security_pack import access_pack_version
from marketplace.web.external import read_number
from marketplace.web.security_pack import CSV, PDF, build_pack_file
from workspaces.access import WorkspaceAct, not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import Workspace
from workspaces.queries import list_groups
from workspaces.states import ApiScope

LONG = 10_000
VERSION = OpenApiParameter(
    "version",
    OpenApiTypes.INT,
    description="The store's version or the approved one; the store's without it.",
)


class AdoptionRequestSerializer(serializers.ModelSerializer[AdoptionRequest]):
    gpt = serializers.CharField(source="gpt_slug", read_only=True)
    name = serializers.CharField(source="public_name", read_only=True, allow_null=True)
    requested_by = PersonSerializer(read_only=True)

    class Meta:
        model = AdoptionRequest
        fields: ClassVar[Any] = [
            "id",
            "gpt",
            "name",
            "requested_by",
            "reason",
            "state",
            "answer",
            "requested_at",
            "decided_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class NewAdoptionRequestSerializer(serializers.Serializer[Any]):
    gpt = serializers.CharField(max_length=200, help_text="The address of a GPT in the public store.")
    reason = serializers.CharField(max_length=LONG)


class AdoptionRefusalSerializer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=LONG, help_text="Why not; the person reads it.")


class AdoptionSerializer(serializers.ModelSerializer[Adoption]):
    """``version`` is the pinned one, ``public_version`` the store's; ``groups`` is null for everyone."""

    gpt = serializers.CharField(source="gpt_slug", read_only=True)
    name = serializers.CharField(source="public_name", read_only=True, allow_null=True)
    version = serializers.IntegerField(source="version.number", read_only=True, allow_null=True, default=None)
    public_version = serializers.IntegerField(source="public_number", read_only=True, allow_null=True)
    groups = serializers.SerializerMethodField()
    decided_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Adoption
        fields: ClassVar[Any] = [
            "gpt",
            "name",
            "state",
            "version",
            "public_version",
            "groups",
            "note",
            "expires_at",
            "recertify_at",
            "decided_by",
            "decided_at",
        ]
        read_only_fields: ClassVar[Any] = fields

    def get_groups(self, adoption: Adoption) -> list[int] | None:
        return None if adoption.is_for_everyone else list(adoption.group_ids)


class AdoptionDecisionSerializer(serializers.Serializer[Any]):
    """With ``approved``: version, expires_at and recertify_at, and groups unless it is for everyone."""

    state = serializers.ChoiceField(
        choices=[AdoptionState.APPROVED, AdoptionState.BLOCKED, AdoptionState.WITHDRAWN]
    )
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    groups = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        max_length=500,
        required=False,
        allow_null=True,
        help_text="Ids of groups of the workspace; null or absent for everyone.",
    )
    expires_at = serializers.DateTimeField(required=False)
    recertify_at = serializers.DateTimeField(required=False)
    note = serializers.CharField(max_length=LONG, required=False, help_text="The reason of a block.")


class AdoptionRequestsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="adoption_request_list", responses=AdoptionRequestSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List the open requests of all for who manages them, otherwise one's own."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        if self.person.has_perm(WorkspaceAct.MANAGE_EXTERNAL, tenant):
            return self.page(list_open_requests(tenant), AdoptionRequestSerializer)
        return self.page(list_own_requests(tenant, self.person), AdoptionRequestSerializer)

    @extend_schema(
        operation_id="adoption_request_create",
        request=NewAdoptionRequestSerializer,
        responses={201: AdoptionRequestSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Ask that the workspace approves a GPT."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        values = self.read(NewAdoptionRequestSerializer)
        made = request_adoption(
            workspace=tenant,
            gpt=access_listing(values["gpt"]).gpt,
            reason=values["reason"],
            by=self.person,
            at=timezone.now(),
        )
        found = list_own_requests(tenant, self.person).get(pk=made.pk)
        return Response(AdoptionRequestSerializer(found).data, status=201)


class AdoptionRequestView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="adoption_request_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, request_id: int) -> Response:
        """Take back one's own open request."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        own = access_request(tenant, request_id, user=self.person)
        withdraw_request(request=own, by=self.person, at=timezone.now())
        return Response(status=204)

    @extend_schema(
        operation_id="adoption_request_refuse", request=AdoptionRefusalSerializer, responses={204: None}
    )
    def post(self, request: Request, workspace: str, request_id: int) -> Response:
        """Refuse somebody's request, for who manages them."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
        asked = access_request(tenant, request_id)
        answer = self.read(AdoptionRefusalSerializer)["answer"]
        refuse_request(request=asked, answer=answer, by=self.person, at=timezone.now())
        return Response(status=204)


class AdoptionsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}
    ordering = ("-decided_at", "-id")

    @extend_schema(operation_id="adoption_list", responses=AdoptionSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List what was decided about GPTs from outside."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
        return self.page(list_adoptions(tenant), AdoptionSerializer)


class AdoptionView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PUT": ApiScope.ACCOUNT}

    @extend_schema(operation_id="adoption_retrieve", responses=AdoptionSerializer)
    def get(self, request: Request, workspace: str, slug: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
        return _show(tenant, access_external_gpt(tenant, slug).pk)

    @extend_schema(
        operation_id="adoption_decide", request=AdoptionDecisionSerializer, responses=AdoptionSerializer
    )
    def put(self, request: Request, workspace: str, slug: str) -> Response:
        """Approve a version or renew an approval, block the GPT, or withdraw what was decided."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
        gpt = access_external_gpt(tenant, slug)
        values, now = self.read(AdoptionDecisionSerializer), timezone.now()
        if values["state"] == AdoptionState.BLOCKED:
            block_gpt(workspace=tenant, gpt=gpt, note=values.get("note", ""), by=self.person, at=now)
        elif values["state"] == AdoptionState.WITHDRAWN:
            adoption = find_adoption(tenant.pk, gpt)
            if adoption is None:
                raise not_found()
            withdraw_adoption(adoption=adoption, by=self.person, at=now)
        else:
            for name in ("version", "expires_at", "recertify_at"):
                if name not in values:
                    raise InvalidInput(_("This is missing."), code="required", field=name)
            approve_adoption(
                workspace=tenant,
                gpt=gpt,
                number=values["version"],
                groups=_find_groups(tenant, values.get("groups")),
                expires_at=values["expires_at"],
                recertify_at=values["recertify_at"],
                by=self.person,
                at=now,
            )
        return _show(tenant, gpt.pk)


class PackView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(operation_id="adoption_pack_retrieve", parameters=[VERSION], responses=PackSerializer)
    def get(self, request: Request, workspace: str, slug: str) -> Response:
        """Fetch what can be known of a version before deciding about it: the security pack."""
        _tenant, gpt, version = _find_pack_version(request, workspace, slug)
        return Response(PackSerializer(describe_pack(gpt, version)).data)


class PackFileView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="adoption_pack_export",
        parameters=[VERSION],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, workspace: str, slug: str, kind: str) -> HttpResponse:
        """Fetch the security pack as a file: `kind` is csv or pdf."""
        if kind not in (CSV, PDF):
            raise not_found()
        tenant, gpt, version = _find_pack_version(request, workspace, slug)
        return build_pack_file(tenant, gpt, version, kind, at=timezone.now())


def _find_pack_version(request: Request, workspace: str, slug: str) -> tuple[Workspace, GPT, Version]:
    tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_EXTERNAL)
    gpt = access_external_gpt(tenant, slug)
    return tenant, gpt, access_pack_version(tenant, gpt, read_number(request.query_params.get("version", "")))


def _find_groups(tenant: Workspace, wanted: list[int] | None) -> Any:
    if wanted is None:
        return None
    found = list(list_groups(tenant).filter(pk__in=wanted))
    if len(found) != len(set(wanted)):
        raise InvalidInput(_("Choose a group of this workspace."), code="unknown_group", field="groups")
    return found


def _show(tenant: Workspace, gpt_id: int) -> Response:
    found = list_adoptions(tenant).filter(gpt=gpt_id).first()
    if found is None:
        raise not_found()
    return Response(AdoptionSerializer(found).data)
