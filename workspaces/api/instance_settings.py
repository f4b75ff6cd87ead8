"""/api/v1/operator/settings: settings that may change while the instance runs, for operators."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.api.fresh_password import FreshPasswordSerializer, require_password
from workspaces.api.staff import OperatorView
from workspaces.queries.instance_settings import SettingRow, list_settings
from workspaces.services.instance_settings import NEEDS_PASSWORD, change_setting, reset_setting
from workspaces.states import ApiScope

WORK = ApiScope.OPERATOR_WORK


class SettingSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    group = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the base class's label
    kind = serializers.CharField(help_text="text, number, megabytes (in bytes), flag or choice.")
    choices = serializers.ListField(child=serializers.CharField())
    value = serializers.JSONField()
    default = serializers.JSONField(help_text="Of the environment.")
    is_locked = serializers.BooleanField(help_text="Whether the environment decides alone.")
    is_changed = serializers.BooleanField()
    changed_by = serializers.IntegerField(allow_null=True, help_text="Id of the operator.")
    changed_at = serializers.DateTimeField(allow_null=True)


class SettingInput(FreshPasswordSerializer):
    value = serializers.JSONField()


def _serialize(row: SettingRow) -> dict[str, Any]:
    one = row.definition
    return {
        "key": one.key,
        "group": str(one.group.value),
        "label": str(one.label),
        "kind": one.kind,
        "choices": [value for value, _label in one.choices],
        "value": row.value,
        "default": row.default,
        "is_locked": one.is_locked,
        "is_changed": row.is_changed,
        "changed_by": row.changed_by.pk if row.changed_by else None,
        "changed_at": row.changed_at,
    }


def _answer() -> Response:
    return Response(SettingSerializer([_serialize(row) for row in list_settings()], many=True).data)


class SettingsView(OperatorView):
    required_scopes: ClassVar = {"GET": WORK}

    @extend_schema(operation_id="operator_setting_list", responses=SettingSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return every setting with its present value, its default, and who changed it."""
        return _answer()


class SettingView(OperatorView):
    required_scopes: ClassVar = {"PUT": WORK, "DELETE": WORK}

    @extend_schema(
        operation_id="operator_setting_change",
        request=SettingInput,
        responses=SettingSerializer(many=True),
    )
    def put(self, request: Request, key: str) -> Response:
        """Change a setting; it holds everywhere within ten seconds."""
        values = self.read(SettingInput)
        if key in NEEDS_PASSWORD:
            require_password(request, values.get("password", ""))
        change_setting(key=key, value=values["value"], by=self.person, at=timezone.now())
        return _answer()

    @extend_schema(operation_id="operator_setting_reset", request=None, responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Let the environment decide again."""
        if key in NEEDS_PASSWORD:
            require_password(request, self.read(FreshPasswordSerializer).get("password", ""))
        reset_setting(key=key, by=self.person, at=timezone.now())
        return Response(status=204)
