"""Groups of members, and how people come into them."""

from __future__ import annotations

from django.db import models

from workspaces.models.users import User
from workspaces.models.workspaces import COST_CENTRE_LENGTH, Member, Workspace
from workspaces.states import GroupSharing, GroupSource, MemberSource


class Group(models.Model):
    """Some members of a workspace: a unit for sharing, policy and budgets.

    ``owner`` is the member who made it, and manages it beside the admins; null for a group of the admins or
    of the identity provider. ``email_domain`` ("acme.example") is its rule: every member with a verified
    address at exactly this domain belongs to it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=500, blank=True, default="", db_default="")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    source = models.CharField(
        max_length=10, choices=GroupSource.choices, default=GroupSource.HAND, db_default=GroupSource.HAND
    )
    email_domain = models.CharField(max_length=253, blank=True, default="", db_default="")
    # Who may share a GPT with the group.
    sharing = models.CharField(
        max_length=10,
        choices=GroupSharing.choices,
        default=GroupSharing.EVERYBODY,
        db_default=GroupSharing.EVERYBODY,
    )
    # Whom the use of its members is charged to inside the company; empty for nobody.
    cost_centre = models.CharField(max_length=COST_CENTRE_LENGTH, blank=True, default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="workspaces_group_name"),
        ]
        indexes = [
            models.Index(
                fields=["email_domain"], condition=~models.Q(email_domain=""), name="workspaces_group_rule"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """A member of a group; deleted with the workspace membership. ``source`` says how the person came in."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="groups")
    source = models.CharField(
        max_length=10, choices=MemberSource.choices, default=MemberSource.HAND, db_default=MemberSource.HAND
    )
    added_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "member"], name="workspaces_groupmember_once"),
            models.CheckConstraint(
                condition=models.Q(source__in=MemberSource.values), name="workspaces_groupmember_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in group {self.group_id}"
