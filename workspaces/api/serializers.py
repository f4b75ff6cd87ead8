"""Serializers of people, workspaces, members and API keys; output fields are an allow-list."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from core.links import absolute_url
from workspaces.api.fresh_password import FreshPasswordSerializer
from workspaces.models import ApiKey, Member, OutboundJob, User, Workspace
from workspaces.services.users import NAME_LENGTH
from workspaces.states import ApiScope, Role, Theme


class MeSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields: ClassVar[Any] = [
            "id",
            "email",
            "display_name",
            "language",
            "time_zone",
            "theme",
            "created_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class MeChangeSerializer(serializers.Serializer[Any]):
    """What a person may change about themself; anything else in the body is ignored."""

    display_name = serializers.CharField(max_length=NAME_LENGTH, required=False)
    language = serializers.CharField(max_length=10, allow_blank=True, required=False)
    time_zone = serializers.CharField(max_length=64, required=False)
    theme = serializers.ChoiceField(choices=Theme.choices, required=False)


class ApiKeySerializer(serializers.ModelSerializer[ApiKey]):
    workspace = serializers.SlugRelatedField[Workspace](slug_field="slug", read_only=True)

    class Meta:
        model = ApiKey
        fields: ClassVar[Any] = [
            "id",
            "name",
            "prefix",
            "workspace",
            "scopes",
            "created_at",
            "last_used_at",
            "expires_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class OutboundJobSerializer(serializers.ModelSerializer[OutboundJob]):
    """A call to another host: queued, running, done or failed; ``error`` says why it failed."""

    class Meta:
        model = OutboundJob
        fields: ClassVar[Any] = [
            "id",
            "address",
            "state",
            "error_code",
            "error",
            "created_at",
            "started_at",
            "ended_at",
        ]
        read_only_fields: ClassVar[Any] = fields


class NewApiKeySerializer(FreshPasswordSerializer):
    name = serializers.CharField(max_length=80)
    workspace = serializers.SlugField(
        max_length=60, required=False, help_text="The key's own workspace when absent."
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiScope.choices), min_length=1, max_length=20
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class MadeApiKeySerializer(ApiKeySerializer):
    key = serializers.CharField(help_text="Shown in this answer only.")

    class Meta(ApiKeySerializer.Meta):
        fields: ClassVar[Any] = [*ApiKeySerializer.Meta.fields, "key"]
        read_only_fields: ClassVar[Any] = fields


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    class Meta:
        model = Workspace
        fields: ClassVar[Any] = ["slug", "name", "kind", "accent", "logo_url", "created_at"]
        read_only_fields: ClassVar[Any] = fields

    logo_url = serializers.SerializerMethodField()

    def get_logo_url(self, workspace: Workspace) -> str:
        return absolute_url(workspace.logo_url) if workspace.logo else ""


class WorkspaceLookSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80, required=False)
    accent = serializers.CharField(
        max_length=7, required=False, allow_blank=True, help_text="As #rrggbb; empty for the store's own."
    )


class LogoSerializer(serializers.Serializer[Any]):
    logo = serializers.FileField()


class PersonSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields: ClassVar[Any] = ["id", "display_name", "email"]
        read_only_fields: ClassVar[Any] = fields


class MemberSerializer(serializers.ModelSerializer[Member]):
    user = PersonSerializer(read_only=True)

    class Meta:
        model = Member
        fields: ClassVar[Any] = ["id", "user", "role", "joined_at", "last_active_at", "cost_centre"]
        read_only_fields: ClassVar[Any] = fields


class SharingPolicySerializer(serializers.Serializer[Any]):
    """What holds for everyone: a summary of the rules, which ``policy`` has in full."""

    may_publish = serializers.BooleanField()
    external_gpts = serializers.ChoiceField(choices=["all", "approved", "none"])
    golden_pass_rate = serializers.IntegerField(allow_null=True)


class MayPublishSerializer(serializers.Serializer[Any]):
    may_publish = serializers.BooleanField()


class RoleSerializer(FreshPasswordSerializer):
    role = serializers.ChoiceField(choices=Role.choices)


class RemovalSerializer(FreshPasswordSerializer):
    """Only the removal of an owner needs the password. ``successor``: the member who gets their GPTs."""

    successor = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**63 - 1)
