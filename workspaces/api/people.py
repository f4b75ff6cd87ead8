"""/api/v1/operator/people: accounts, for operators. Never what people say in chats."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.access import access_person
from workspaces.api.base import LoggiaAPIView
from workspaces.api.fresh_password import FreshPasswordSerializer, require_password
from workspaces.api.staff import OperatorView
from workspaces.models import User
from workspaces.queries import PersonOverview, PersonState, get_person_overview, list_people
from workspaces.services.people import (
    REASON_LENGTH,
    end_sessions,
    restore_person,
    send_confirmation_reminder,
    suspend_person,
)
from workspaces.services.second_factor import reset_second_factor
from workspaces.states import ApiScope

WORK = ApiScope.OPERATOR_WORK


class OperatorPersonRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField(source="display_name")
    is_active = serializers.BooleanField()
    is_confirmed = serializers.BooleanField(help_text="Whether an address of the account is confirmed.")
    is_staff = serializers.BooleanField(source="is_staff_member")
    created_at = serializers.DateTimeField()
    last_login = serializers.DateTimeField(allow_null=True)
    publishing_suspended_at = serializers.DateTimeField(allow_null=True)


class OperatorPersonWorkspaceSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    role = serializers.CharField(help_text="In your language.")
    is_suspended = serializers.BooleanField()


class OperatorPersonSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField()
    is_active = serializers.BooleanField()
    is_confirmed = serializers.BooleanField()
    is_deleted = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    last_active_at = serializers.DateTimeField(allow_null=True)
    publishing_suspended_at = serializers.DateTimeField(allow_null=True)
    staff_roles = serializers.ListField(child=serializers.CharField(), help_text="In your language.")
    workspaces = OperatorPersonWorkspaceSerializer(many=True)
    sessions = serializers.IntegerField()
    api_keys = serializers.IntegerField(help_text="Keys that are valid.")
    has_authenticator_app = serializers.BooleanField()
    passkeys = serializers.IntegerField()


class StaffReasonSerializer(FreshPasswordSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH)


def _serialize(one: PersonOverview) -> dict[str, Any]:
    user = one.user
    return OperatorPersonSerializer(
        {
            "id": user.pk,
            "email": user.email,
            "name": user.display_name,
            "is_active": user.is_active,
            "is_confirmed": one.is_confirmed,
            "is_deleted": one.is_deleted,
            "created_at": user.created_at,
            "last_active_at": one.last_active_at,
            "publishing_suspended_at": user.publishing_suspended_at,
            "staff_roles": one.staff_roles,
            "workspaces": one.memberships,
            "sessions": one.security.sessions,
            "api_keys": one.key_count,
            "has_authenticator_app": one.security.has_totp,
            "passkeys": one.security.passkeys,
        }
    ).data


def _answer(user: User) -> Response:
    return Response(_serialize(get_person_overview(user, at=timezone.now())))


class PeopleView(OperatorView, LoggiaAPIView):
    required_scopes: ClassVar = {"GET": WORK}

    @extend_schema(
        operation_id="operator_person_list",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, description="A part of the name or address, or an id."),
            OpenApiParameter("state", OpenApiTypes.STR, enum=PersonState.values),
        ],
        responses=OperatorPersonRowSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List accounts, newest first."""
        q, state = request.query_params.get("q", "")[:200], request.query_params.get("state", "")
        return self.page(list_people(q=q, state=state), OperatorPersonRowSerializer)


class PersonView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK}

    @extend_schema(operation_id="operator_person_read", responses=OperatorPersonSerializer)
    def get(self, request: Request, user_id: int) -> Response:
        return _answer(access_person(user_id))


class SuspendPersonView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(
        operation_id="operator_person_suspend",
        request=StaffReasonSerializer,
        responses=OperatorPersonSerializer,
    )
    def post(self, request: Request, user_id: int) -> Response:
        """Close an account until it is restored; its sessions, keys and open answers end."""
        values = self.read(StaffReasonSerializer)
        user = access_person(user_id)
        require_password(request, values.get("password", ""))
        suspend_person(user=user, reason=values["reason"], by=self.person, at=timezone.now())
        return _answer(user)


class RestorePersonView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(
        operation_id="operator_person_restore",
        request=StaffReasonSerializer,
        responses=OperatorPersonSerializer,
    )
    def post(self, request: Request, user_id: int) -> Response:
        values = self.read(StaffReasonSerializer)
        user = access_person(user_id)
        require_password(request, values.get("password", ""))
        restore_person(user=user, reason=values["reason"], by=self.person, at=timezone.now())
        return _answer(user)


class ResetFactorView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(
        operation_id="operator_person_reset_factor",
        request=StaffReasonSerializer,
        responses=OperatorPersonSerializer,
    )
    def post(self, request: Request, user_id: int) -> Response:
        """Remove the second factors of a person who has lost them, and end their sessions."""
        values = self.read(StaffReasonSerializer)
        user = access_person(user_id)
        require_password(request, values.get("password", ""))
        reset_second_factor(user=user, by=self.person, at=timezone.now(), reason=values["reason"])
        return _answer(user)


class EndSessionsView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(
        operation_id="operator_person_end_sessions", request=None, responses=OperatorPersonSerializer
    )
    def post(self, request: Request, user_id: int) -> Response:
        """Sign a person out everywhere; API keys stay."""
        user = access_person(user_id)
        end_sessions(user=user, by=self.person, at=timezone.now())
        return _answer(user)


class RemindPersonView(OperatorView):
    required_scopes: ClassVar = {"POST": WORK}

    @extend_schema(operation_id="operator_person_remind", request=None, responses=OperatorPersonSerializer)
    def post(self, request: Request, user_id: int) -> Response:
        """Mail a person with an unconfirmed address the way to a new code."""
        user = access_person(user_id)
        send_confirmation_reminder(user=user, by=self.person, at=timezone.now())
        return _answer(user)
