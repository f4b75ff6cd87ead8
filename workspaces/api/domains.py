"""/api/v1/workspaces/<workspace>/domains: proofs of e-mail domains, and how people at them join."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import WorkspaceAct, access_domain_claim, not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import Workspace
from workspaces.queries.domains import DomainRow, list_domains
from workspaces.services.domain_claims import (
    claim_domain,
    get_record_name,
    get_record_text,
    request_check,
    set_domain_joining,
)
from workspaces.services.proved_domains import release_domain
from workspaces.states import ApiScope, DomainJoining, DomainOutcome


class DomainSerializer(serializers.Serializer[Any]):
    domain = serializers.CharField()
    proved_at = serializers.DateTimeField(allow_null=True, help_text="Null: not proved.")
    is_proved_by_operator = serializers.BooleanField(help_text="It needs no record.")
    record_name = serializers.CharField(help_text="Name of the TXT record.")
    record_text = serializers.CharField(help_text="Text of the TXT record; empty if it needs none.")
    outcome = serializers.ChoiceField(choices=DomainOutcome.choices, allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="Lost three days after this.")
    is_checking = serializers.BooleanField()


class NewDomainSerializer(serializers.Serializer[Any]):
    domain = serializers.CharField(max_length=10_000)


class DomainJoiningSerializer(serializers.Serializer[Any]):
    joining = serializers.ChoiceField(choices=DomainJoining.choices)


class DomainsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="domain_list", responses=DomainSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List proved and claimed domains; at most some twenty, so in one page."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        return Response(DomainSerializer([_describe(row) for row in list_domains(tenant)], many=True).data)

    @extend_schema(
        operation_id="domain_create", request=NewDomainSerializer, responses={201: DomainSerializer}
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Add a domain; the answer has the TXT record that proves it."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        domain = self.read(NewDomainSerializer)["domain"]
        claim = claim_domain(workspace=tenant, domain=domain, by=self.person, at=timezone.now())
        return Response(_read(tenant, claim.domain), status=201)


class DomainView(LoggiaAPIView):
    required_scopes: ClassVar = {
        "GET": ApiScope.ACCOUNT,
        "POST": ApiScope.ACCOUNT,
        "DELETE": ApiScope.ACCOUNT,
    }

    @extend_schema(operation_id="domain_read", responses=DomainSerializer)
    def get(self, request: Request, workspace: str, domain: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        return Response(_read(tenant, domain))

    @extend_schema(operation_id="domain_check", request=None, responses={202: DomainSerializer})
    def post(self, request: Request, workspace: str, domain: str) -> Response:
        """Look for the record now, in the background."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        request_check(claim=access_domain_claim(tenant, domain), by=self.person, at=timezone.now())
        return Response(_read(tenant, domain), status=202)

    @extend_schema(operation_id="domain_remove", responses={204: None})
    def delete(self, request: Request, workspace: str, domain: str) -> Response:
        """Give the domain up. Members stay."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        if not release_domain(workspace=tenant, domain=domain, by=self.person, at=timezone.now()):
            raise not_found()
        return Response(status=204)


class DomainJoiningView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PUT": ApiScope.ACCOUNT}

    @extend_schema(operation_id="domain_joining_read", responses=DomainJoiningSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        return Response({"joining": tenant.domain_joining})

    @extend_schema(
        operation_id="domain_joining_set", request=DomainJoiningSerializer, responses=DomainJoiningSerializer
    )
    def put(self, request: Request, workspace: str) -> Response:
        """Say how people with a confirmed address at a proved domain become members."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        joining = self.read(DomainJoiningSerializer)["joining"]
        set_domain_joining(workspace=tenant, joining=joining, by=self.person, at=timezone.now())
        return Response({"joining": joining})


def _read(workspace: Workspace, domain: str) -> Any:
    for row in list_domains(workspace):
        if row.domain == domain:
            return DomainSerializer(_describe(row)).data
    raise not_found()


def _describe(row: DomainRow) -> dict[str, Any]:
    claim = row.claim
    return {
        "domain": row.domain,
        "proved_at": row.proved_at,
        "is_proved_by_operator": row.proved_at is not None and claim is None,
        "record_name": get_record_name(row.domain),
        "record_text": get_record_text(claim) if claim else "",
        "outcome": claim.outcome if claim else None,
        "checked_at": claim.checked_at if claim else None,
        "failing_since": claim.failing_since if claim else None,
        "is_checking": row.is_checking,
    }
