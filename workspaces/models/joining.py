"""Ways into a workspace besides a mailed invitation: links, and the places of guests."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from workspaces.models.users import User
from workspaces.models.workspaces import Workspace
from workspaces.states import LINK_ROLES, Role


class InviteLink(models.Model):
    """A link by which anybody joins with its role, until it expires, is used up or revoked.

    Only the token's hash is kept: the link is shown once.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invite_links")
    role = models.CharField(max_length=10, choices=Role.choices)
    label = models.CharField(max_length=80, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # Null: any number of people.
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    used_count = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(role__in=LINK_ROLES), name="workspaces_invitelink_role"),
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(max_uses__gt=0, used_count__lte=F("max_uses")),
                name="workspaces_invitelink_uses",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="workspaces_invitelink_list")]

    def __str__(self) -> str:
        return f"link {self.pk} to {self.workspace_id}"


class Guest(models.Model):
    """A person from outside who sees of a workspace only what is shared with them.

    No member: no role, not in the scope's workspaces, and no seat. It counts while ``ended_at`` is null and
    ``expires_at`` is ahead (workspaces.queries.is_active_guest).
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="guests")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="guest_places")
    # Who answers for the guest; the row stays with the workspace when they leave.
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"],
                condition=Q(ended_at__isnull=True),
                name="workspaces_guest_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="workspaces_guest_expiry"
            ),
            models.Index(fields=["user"], name="workspaces_guest_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} as guest of {self.workspace_id}"
