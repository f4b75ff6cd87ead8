"""/api/v1/operator/staff: staff roles, for operators."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from workspaces.access import access_staff_member, not_found
from workspaces.api.base import LoggiaAPIView
from workspaces.queries import StaffMember, find_user, list_staff_members
from workspaces.rules import is_operator
from workspaces.services.staff import grant_staff_role, revoke_staff_role
from workspaces.states import ApiScope, Staff

WORK = ApiScope.OPERATOR_WORK


class StaffMemberSerializer(serializers.Serializer[Any]):
    user_id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Staff.choices))
    has_second_factor = serializers.BooleanField()


class StaffRoleInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Staff.choices)


def _serialize(member: StaffMember) -> dict[str, Any]:
    return {
        "user_id": member.user.pk,
        "email": member.user.email,
        "name": str(member.user),
        "roles": [role for role, _label in member.roles],
        "has_second_factor": member.has_second_factor,
    }


class OperatorView(LoggiaAPIView):
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not is_operator(self.person):
            raise not_found()


class StaffView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK, "POST": WORK}

    @extend_schema(operation_id="staff_list", responses=StaffMemberSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response([_serialize(member) for member in list_staff_members()])

    @extend_schema(
        operation_id="staff_grant", request=StaffRoleInput, responses={201: StaffMemberSerializer(many=True)}
    )
    def post(self, request: Request) -> Response:
        """Give an account a role; repeating it changes nothing."""
        values = self.read(StaffRoleInput)
        user = find_user(values["email"])
        if user is None:
            raise InvalidInput(
                _("There is no account with this address."), code="account_unknown", field="email"
            )
        grant_staff_role(user=user, role=values["role"], by=self.person, at=timezone.now())
        return Response([_serialize(member) for member in list_staff_members()], status=201)


class StaffRoleView(OperatorView):
    required_scopes: ClassVar = {"DELETE": WORK}

    @extend_schema(operation_id="staff_revoke", request=None, responses={204: None})
    def delete(self, request: Request, user_id: int, role: str) -> Response:
        revoke_staff_role(user=access_staff_member(user_id), role=role, by=self.person, at=timezone.now())
        return Response(status=204)
