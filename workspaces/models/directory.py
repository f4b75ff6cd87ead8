"""What an identity provider sends about a workspace's people (SCIM 2.0), and the tokens that it uses."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from core.ids import uuid7
from workspaces.models.groups import Group
from workspaces.models.users import User
from workspaces.models.workspaces import Workspace
from workspaces.states import Role


class ScimToken(models.Model):
    """A token with which an identity provider keeps the people of one workspace up to date.

    It belongs to the workspace and acts as nobody. Only its hash is stored.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="scim_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    token_hash = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="workspaces_scimtoken_list")]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class ScimUser(models.Model):
    """A person as the identity provider knows them; ``id`` is the one that it keeps.

    ``user`` is the account, null while the person is only invited. ``attributes`` are those of RFC 7643 as
    they were sent; they are the company's own and never change the account. ``given_role`` is the role that
    a mapped value gave, empty for none. ``version`` counts changes, for ETags.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="scim_users")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    user_name = models.CharField(max_length=254)
    external_id = models.CharField(max_length=254, blank=True)
    email = models.CharField(max_length=254)
    display_name = models.CharField(max_length=254, blank=True)
    is_active = models.BooleanField(default=True)
    given_role = models.CharField(max_length=10, choices=Role.choices, blank=True)
    attributes = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("workspace", Lower("user_name"), name="workspaces_scimuser_name"),
            models.UniqueConstraint(
                fields=["workspace", "user"],
                condition=models.Q(user__isnull=False),
                name="workspaces_scimuser_account",
            ),
            models.CheckConstraint(
                condition=models.Q(given_role__in=["", Role.ADMIN, Role.BUILDER, Role.MEMBER]),
                name="workspaces_scimuser_role",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "external_id"], name="workspaces_scimuser_external"),
            models.Index(fields=["workspace", "email"], name="workspaces_scimuser_email"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name} of {self.workspace_id}"


class ScimGroup(models.Model):
    """A group that the identity provider keeps; its name is the group's."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="scim_groups")
    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="scim")
    external_id = models.CharField(max_length=254, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "external_id"], name="workspaces_scimgroup_external")]

    def __str__(self) -> str:
        return f"{self.group_id} of {self.workspace_id}"


class ScimGroupMember(models.Model):
    """Who the identity provider says is in a group, also while they are invited or not active."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(ScimGroup, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(ScimUser, on_delete=models.CASCADE, related_name="groups")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "person"], name="workspaces_scimgroupmember_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.group_id}"


class IdentityRules(models.Model):
    """How people of a workspace prove who they are, and what their directory's claims mean here.

    A workspace without a row has the defaults. ``role_claims`` maps values of the directory to roles, never
    to owner. ``mfa_required_from`` is when the grace period ends.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="identity_rules")
    default_role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    role_claims = models.JSONField(default=dict, blank=True)
    is_sso_required = models.BooleanField(default=False)
    # The owner who may still sign in with a password when the identity provider fails.
    emergency_owner = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    mfa_required_from = models.DateTimeField(null=True, blank=True)
    session_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    api_key_days = models.PositiveSmallIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(default_role__in=[Role.BUILDER, Role.MEMBER]),
                name="workspaces_identityrules_default",
            ),
            models.CheckConstraint(
                condition=models.Q(is_sso_required=False) | models.Q(emergency_owner__isnull=False),
                name="workspaces_identityrules_emergency",
            ),
            models.CheckConstraint(
                condition=models.Q(session_hours__isnull=True) | models.Q(session_hours__gte=1),
                name="workspaces_identityrules_session",
            ),
            models.CheckConstraint(
                condition=models.Q(api_key_days__isnull=True) | models.Q(api_key_days__gte=1),
                name="workspaces_identityrules_keys",
            ),
        ]

    def __str__(self) -> str:
        return f"identity rules of {self.workspace_id}"
