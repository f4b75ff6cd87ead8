"""/api/v1/me/join-offers: workspaces that one may join by a confirmed address at their domain."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import Forbidden
from workspaces.access import access_join_offer
from workspaces.api.base import LoggiaAPIView
from workspaces.api.me import bearer
from workspaces.models import User
from workspaces.queries.domains import list_join_offers
from workspaces.services.domain_joining import join_by_domain
from workspaces.states import ApiScope, Role, WorkspaceKind


class JoinOfferSerializer(serializers.Serializer[Any]):
    workspace = serializers.SlugField(source="workspace.slug")
    name = serializers.CharField(source="workspace.name")
    kind = serializers.ChoiceField(source="workspace.kind", choices=WorkspaceKind.choices)
    domain = serializers.CharField(help_text="The domain of the address by which one may join.")


class JoinOffersSerializer(serializers.Serializer[Any]):
    items = JoinOfferSerializer(many=True)


class JoinedWorkspaceSerializer(serializers.Serializer[Any]):
    workspace = serializers.SlugField(source="workspace.slug")
    role = serializers.ChoiceField(choices=Role.choices)


class JoinOffersView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(operation_id="join_offer_list", responses=JoinOffersSerializer)
    def get(self, request: Request) -> Response:
        """List the workspaces that one may join, by name. For keys of one's personal workspace."""
        return Response(JoinOffersSerializer({"items": list_join_offers(_access_own(request))}).data)


class JoinOfferView(LoggiaAPIView):
    required_scopes: ClassVar = {"POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="join_offer_accept", request=None, responses={201: JoinedWorkspaceSerializer})
    def post(self, request: Request, workspace: str) -> Response:
        """Join it as a member. A key for the new workspace is made on the settings page."""
        user = _access_own(request)
        offer = access_join_offer(user, workspace)
        member = join_by_domain(workspace=offer.workspace, by=user, at=timezone.now())
        return Response(JoinedWorkspaceSerializer(member).data, status=201)


def _access_own(request: Request) -> User:
    """Return the person; a key that a company knows of must not act for them outside of it."""
    user, key = bearer(request)
    if key.workspace.person_id != user.pk:
        raise Forbidden(_("Use a key of your personal workspace for this."), code="personal_key_needed")
    return user
