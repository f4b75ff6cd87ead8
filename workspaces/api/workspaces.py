"""/api/v1/workspaces and their members; an API key sees its own workspace only."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from gpts.assistants.services.leavers import remove_leaver
from marketplace.services.publishing import set_workspace_publishing
from workspaces.access import WorkspaceAct, access_member, access_workspace, not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import require_password
from workspaces.api.me import bearer
from workspaces.api.serializers import (
    LogoSerializer,
    MayPublishSerializer,
    MemberSerializer,
    RemovalSerializer,
    RoleSerializer,
    SharingPolicySerializer,
    WorkspaceLookSerializer,
    WorkspaceSerializer,
)
from workspaces.models import Workspace
from workspaces.policy import keeps_inside
from workspaces.queries import (
    get_sharing_policy,
    list_members,
    list_workspaces,
    read_policy,
    summarise_external,
)
from workspaces.services.logos import set_logo
from workspaces.services.members import change_role
from workspaces.services.workspaces import update_workspace
from workspaces.states import ApiScope, Role


def access_key_workspace(request: Request, slug: str, *, to: WorkspaceAct) -> Workspace:
    """Return the workspace ``slug`` when the key belongs to it and its person may do ``to`` there.

    Raises NotFound, or Forbidden as ``access_workspace`` does.
    """
    user, key = bearer(request)
    workspace = access_workspace(user, slug, to=to)
    if workspace.pk != key.workspace_id:
        raise not_found()
    return workspace


class WorkspacesView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}

    @extend_schema(operation_id="workspace_list", responses=WorkspaceSerializer(many=True))
    def get(self, request: Request) -> Response:
        user, key = bearer(request)
        return self.page(list_workspaces(user).filter(pk=key.workspace_id), WorkspaceSerializer)


def _summarise(tenant: Workspace) -> dict[str, Any]:
    policy = read_policy(tenant.pk).policy
    return {
        "may_publish": not keeps_inside(policy),
        "external_gpts": summarise_external(policy),
        "golden_pass_rate": get_sharing_policy(tenant.pk).golden_pass_rate,
    }


class WorkspaceView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PATCH": ApiScope.ACCOUNT}

    @extend_schema(operation_id="workspace_read", responses=WorkspaceSerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        return Response(WorkspaceSerializer(tenant).data)

    @extend_schema(
        operation_id="workspace_change", request=WorkspaceLookSerializer, responses=WorkspaceSerializer
    )
    def patch(self, request: Request, workspace: str) -> Response:
        """Change name and accent colour. The lightness of the colour is corrected where it is shown."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
        values = {"name": tenant.name, "accent": tenant.accent} | self.read(WorkspaceLookSerializer)
        changed = update_workspace(workspace=tenant, **values, by=self.person, at=timezone.now())
        return Response(WorkspaceSerializer(changed).data)


class WorkspaceLogoView(LoggiaAPIView):
    required_scopes: ClassVar = {"PUT": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT}

    @extend_schema(
        operation_id="workspace_logo_set",
        request={"multipart/form-data": LogoSerializer},
        responses=WorkspaceSerializer,
    )
    def put(self, request: Request, workspace: str) -> Response:
        """PNG, JPEG, WebP or GIF, up to 5 MB and 40 megapixels; cropped to a square."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
        upload = self.read(LogoSerializer)["logo"]
        changed = set_logo(workspace=tenant, upload=upload, by=self.person, at=timezone.now())
        return Response(WorkspaceSerializer(changed).data)

    @extend_schema(operation_id="workspace_logo_remove", request=None, responses={204: None})
    def delete(self, request: Request, workspace: str) -> Response:
        """Show the initials of the name instead."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_SETTINGS)
        set_logo(workspace=tenant, upload=None, by=self.person, at=timezone.now())
        return Response(status=204)


class SharingPolicyView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "PATCH": ApiScope.ACCOUNT}

    @extend_schema(operation_id="sharing_policy_read", responses=SharingPolicySerializer)
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_POLICY)
        return Response(SharingPolicySerializer(_summarise(tenant)).data)

    @extend_schema(
        operation_id="sharing_policy_change", request=MayPublishSerializer, responses=SharingPolicySerializer
    )
    def patch(self, request: Request, workspace: str) -> Response:
        """Allow GPTs to leave the workspace, or not; links and listings follow at once, both ways."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_POLICY)
        is_allowed = self.read(MayPublishSerializer)["may_publish"]
        set_workspace_publishing(workspace=tenant, is_allowed=is_allowed, by=self.person, at=timezone.now())
        return Response(SharingPolicySerializer(_summarise(tenant)).data)


class MembersView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT}
    ordering = ("id",)

    @extend_schema(operation_id="member_list", responses=MemberSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        return self.page(list_members(tenant), MemberSerializer)


class MemberView(LoggiaAPIView):
    required_scopes: ClassVar = {"PATCH": ApiScope.ACCOUNT, "DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="member_change", request=RoleSerializer, responses=MemberSerializer)
    def patch(self, request: Request, workspace: str, member_id: int) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        member = access_member(tenant, member_id)
        values = self.read(RoleSerializer)
        role = values["role"]
        if Role.OWNER in (role, member.role):
            require_password(request, values.get("password", ""))
        change_role(member=member, role=role, by=self.person, at=timezone.now())
        return Response(MemberSerializer(member).data)

    @extend_schema(operation_id="member_remove", request=RemovalSerializer, responses={204: None})
    def delete(self, request: Request, workspace: str, member_id: int) -> Response:
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.MANAGE_PEOPLE)
        member = access_member(tenant, member_id)
        values = self.read(RemovalSerializer)
        if member.role == Role.OWNER:
            require_password(request, values.get("password", ""))
        successor = None
        if values.get("successor") is not None:
            access_workspace(self.person, workspace, to=WorkspaceAct.MANAGE_GPTS)
            successor = access_member(tenant, values["successor"])
        remove_leaver(member=member, successor=successor, by=self.person, at=timezone.now())
        return Response(status=204)
