"""/api/v1/workspaces/<workspace>/groups: groups and their people, for admins and owners of groups."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import WorkspaceAct, access_group
from workspaces.acts import Act, check_act
from workspaces.api.base import LoggiaAPIView
from workspaces.api.serializers import PersonSerializer
from workspaces.api.workspaces import access_key_workspace
from workspaces.models import Group, GroupMember
from workspaces.queries import list_group_members, list_groups, list_own_groups
from workspaces.services.groups import (
    ADDED_AT_ONCE,
    add_group_members,
    create_group,
    delete_group,
    remove_group_member,
    update_group,
)
from workspaces.states import ApiScope, GroupSharing
from workspaces.web.people import person_of


class GroupSerializer(serializers.ModelSerializer[Group]):
    owner = PersonSerializer(read_only=True, allow_null=True)
    member_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Group
        fields: ClassVar[Any] = [
            "id",
            "name",
            "description",
            "owner",
            "source",
            "email_domain",
            "sharing",
            "cost_centre",
            "member_count",
            "created_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class NewGroupSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=10_000)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")


class GroupChangeSerializer(serializers.Serializer[Any]):
    """What is absent stays as it is."""

    name = serializers.CharField(max_length=10_000, required=False)
    description = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    email_domain = serializers.CharField(max_length=253, required=False, allow_blank=True)
    sharing = serializers.ChoiceField(choices=GroupSharing.choices, required=False)


class GroupMemberSerializer(serializers.ModelSerializer[GroupMember]):
    user = PersonSerializer(source="member.user", read_only=True)

    class Meta:
        model = GroupMember
        fields: ClassVar[Any] = ["member_id", "user", "source", "added_at"]
        read_only_fields: ClassVar[Any] = fields


class MemberIdsSerializer(serializers.Serializer[Any]):
    members = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=ADDED_AT_ONCE,
        help_text="Ids of members of the workspace, as its list of members gives them.",
    )


def _access(request: Request, workspace: str, group_id: int) -> Group:
    tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
    return access_group(person_of(request), tenant, group_id)


def _show(group: Group) -> dict[str, Any]:
    return dict(GroupSerializer(list_groups(group.workspace).get(pk=group.pk)).data)


class GroupsView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}
    ordering = ("id",)

    @extend_schema(operation_id="group_list", responses=GroupSerializer(many=True))
    def get(self, request: Request, workspace: str) -> Response:
        """List all groups for who manages them, otherwise those that one belongs to or owns."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        is_admin = self.person.has_perm(WorkspaceAct.MANAGE_GROUPS, tenant)
        rows = list_groups(tenant) if is_admin else list_own_groups(tenant, self.person)
        return self.page(rows, GroupSerializer)

    @extend_schema(operation_id="group_create", request=NewGroupSerializer, responses={201: GroupSerializer})
    def post(self, request: Request, workspace: str) -> Response:
        """Make a group: as an admin one without an owner, otherwise, where the policy allows, one's own."""
        tenant = access_key_workspace(request, workspace, to=WorkspaceAct.ENTER)
        values = self.read(NewGroupSerializer)
        is_admin = self.person.has_perm(WorkspaceAct.MANAGE_GROUPS, tenant)
        if not is_admin:
            check_act(self.person, Act.MAKE_GROUP, workspace_id=tenant.pk)
        group = create_group(
            workspace=tenant, **values, is_owned=not is_admin, by=self.person, at=timezone.now()
        )
        return Response(_show(group), status=201)


class GroupView(LoggiaAPIView):
    required_scopes: ClassVar = {
        "GET": ApiScope.ACCOUNT,
        "PATCH": ApiScope.ACCOUNT,
        "DELETE": ApiScope.ACCOUNT,
    }

    @extend_schema(operation_id="group_read", responses=GroupSerializer)
    def get(self, request: Request, workspace: str, group_id: int) -> Response:
        return Response(_show(_access(request, workspace, group_id)))

    @extend_schema(operation_id="group_change", request=GroupChangeSerializer, responses=GroupSerializer)
    def patch(self, request: Request, workspace: str, group_id: int) -> Response:
        group = _access(request, workspace, group_id)
        now = {name: getattr(group, name) for name in ("name", "description", "email_domain", "sharing")}
        values = now | self.read(GroupChangeSerializer)
        update_group(group=group, **values, by=self.person, at=timezone.now())
        return Response(_show(group))

    @extend_schema(operation_id="group_delete", responses={204: None})
    def delete(self, request: Request, workspace: str, group_id: int) -> Response:
        group = _access(request, workspace, group_id)
        delete_group(group=group, by=self.person, at=timezone.now(), is_by_hand=True)
        return Response(status=204)


class GroupMembersView(LoggiaAPIView):
    required_scopes: ClassVar = {"GET": ApiScope.ACCOUNT, "POST": ApiScope.ACCOUNT}
    ordering = ("id",)

    @extend_schema(operation_id="group_member_list", responses=GroupMemberSerializer(many=True))
    def get(self, request: Request, workspace: str, group_id: int) -> Response:
        group = _access(request, workspace, group_id)
        return self.page(list_group_members(group), GroupMemberSerializer)

    @extend_schema(operation_id="group_member_add", request=MemberIdsSerializer, responses=GroupSerializer)
    def post(self, request: Request, workspace: str, group_id: int) -> Response:
        """Add members, all of them or none; who is in the group already stays as they are."""
        group = _access(request, workspace, group_id)
        member_ids = self.read(MemberIdsSerializer)["members"]
        add_group_members(group=group, member_ids=member_ids, by=self.person, at=timezone.now())
        return Response(_show(group))


class GroupMemberView(LoggiaAPIView):
    required_scopes: ClassVar = {"DELETE": ApiScope.ACCOUNT}

    @extend_schema(operation_id="group_member_remove", responses={204: None})
    def delete(self, request: Request, workspace: str, group_id: int, member_id: int) -> Response:
        group = _access(request, workspace, group_id)
        remove_group_member(group=group, member_id=member_id, by=self.person, at=timezone.now())
        return Response(status=204)
