"""/api/v1/workspaces/<workspace>/: invitations, invitation links and guests."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.links import absolute_url
from workspaces.access import WorkspaceAct, access_guest, access_invitation, access_invite_link
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import Guest, Invitation, InviteLink
from workspaces.queries import list_guests, list_invite_links, list_open_invitations
from workspaces.services.guests import check_guest_allowed, end_guest, extend_guest, invite_guest
from workspaces.services.invite_links import create_invite_link, revoke_invite_link
from workspaces.services.members import invite_member, revoke_invitation
from workspaces.states import LINK_ROLES, ApiScope, Role


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    class Meta:
        model = Invitation
        fields: ClassVar[Any] = ["id", "email", "role", "created_at", "expires_at"]
        read_only_fields: ClassVar[Any] = fields


class NewInvitationSerializer(serializers.Serializer[Any]):
    email = serializers.CharField(max_length=254)
    # Owners are named on the page, with the password.
    role = serializers.ChoiceField(choices=[Role.ADMIN, Role.BUILDER, Role.MEMBER], default=Role.MEMBER)


class InviteLinkSerializer(serializers.ModelSerializer[InviteLink]):
    created_by = PersonSerializer(read_only=True)

    class Meta:
        model = InviteLink
        fields: ClassVar[Any] = [
            "id",
            "label",
            "role",
            "created_by",
            "created_at",
            "expires_at",
            "max_uses",
            "used_count",
        ]
        read_only_fields: ClassVar[Any] = fields


class NewInviteLinkSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=LINK_ROLES, default=Role.MEMBER)
    days = serializers.IntegerField(default=7)
    max_uses = serializers.IntegerField(required=False, allow_null=True, default=None)
    # "label" is also an attribute of serializers.
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=10_000, required=False, allow_blank=True, default=""
    )


class MadeInviteLinkSerializer(InviteLinkSerializer):
    url = serializers.CharField(help_text="Shown in this answer only.")

    class Meta(InviteLinkSerializer.Meta):
        fields: ClassVar[Any] = [*InviteLinkSerializer.Meta.fields, "url"]
        read_only_fields: ClassVar[Any] = fields


class GuestSerializer(serializers.ModelSerializer[Guest]):
    user = PersonSerializer(read_only=True)
    invited_by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Guest
        fields: ClassVar[Any] = ["id", "user", "invited_by", "created_at", "expires_at"]
        read_only_fields: ClassVar[Any] = fields


class GuestTimeSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(help_text="From now, 1 to 365.")


class NewGuestSerializer(GuestTimeSerializer):
    email = serializers.CharField(max_length=254)


class InvitationsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="invitation_list", responses=InvitationSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        return self.page(list_open_invitations(tenant, at=timezone.now()), InvitationSerializer)

    @extend_schema(
        operation_id="invitation_create",
        request=NewInvitationSerializer,
        responses={201: InvitationSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Invite somebody by mail; replaces an open invitation of the address."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        values = self.read(NewInvitationSerializer)
        invitation, _token = invite_member(workspace=tenant, **values, by=self.person, at=timezone.now())
        return Response(InvitationSerializer(invitation).data, status=201)


class InvitationView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="invitation_revoke", responses={204: None})
    def delete(self, request: Request, workspace: str, invitation_id: int) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        invitation = access_invitation(tenant, invitation_id)
        revoke_invitation(invitation=invitation, by=self.person, at=timezone.now())
        return Response(status=204)


class InviteLinksView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="invite_link_list", responses=InviteLinkSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        return self.page(list_invite_links(tenant, at=timezone.now()), InviteLinkSerializer)

    @extend_schema(
        operation_id="invite_link_create",
        request=NewInviteLinkSerializer,
        responses={201: MadeInviteLinkSerializer},
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Make a link by which people join."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        values = self.read(NewInviteLinkSerializer)
        link, token = create_invite_link(workspace=tenant, **values, by=self.person, at=timezone.now())
        link.url = absolute_url(reverse("workspaces:link-join", args=[token]))  # type: ignore[attr-defined]  # shown once
        return Response(MadeInviteLinkSerializer(link).data, status=201)


class InviteLinkView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="invite_link_revoke", responses={204: None})
    def delete(self, request: Request, workspace: str, link_id: int) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        revoke_invite_link(link=access_invite_link(tenant, link_id), by=self.person, at=timezone.now())
        return Response(status=204)


class GuestsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}

    @extend_schema(operation_id="guest_list", responses=GuestSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List all guests for who manages people, otherwise those that one has invited."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        is_admin = self.person.has_perm(WorkspaceAct.MANAGE_PEOPLE, tenant)
        rows = list_guests(tenant, at=timezone.now(), invited_by=None if is_admin else self.person)
        return self.page(rows, GuestSerializer)

    @extend_schema(
        operation_id="guest_invite", request=NewGuestSerializer, responses={201: InvitationSerializer}
    )
    def post(self, request: Request, workspace: str) -> Response:
        """Invite a guest by mail, where the policy allows it."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        values = self.read(NewGuestSerializer)
        check_guest_allowed(workspace=tenant, email=values["email"], by=self.person)
        invitation, _token = invite_guest(workspace=tenant, **values, by=self.person, at=timezone.now())
        return Response(InvitationSerializer(invitation).data, status=201)


class GuestView(LoggiaAPIView):
    required_scopes: ClassVar = {"PATCH": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="guest_extend", request=GuestTimeSerializer, responses=GuestSerializer)
    def patch(self, request: Request, workspace: str, guest_id: int) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        guest = access_guest(self.person, tenant, guest_id)
        check_guest_allowed(workspace=tenant, email=guest.user.email, by=self.person)
        days = self.read(GuestTimeSerializer)["days"]
        extend_guest(guest=guest, days=days, by=self.person, at=timezone.now())
        guest.refresh_from_db()
        return Response(GuestSerializer(guest).data)

    @extend_schema(operation_id="guest_end", responses={204: None})
    def delete(self, request: Request, workspace: str, guest_id: int) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        end_guest(guest=access_guest(self.person, tenant, guest_id), by=self.person, at=timezone.now())
        return Response(status=204)
