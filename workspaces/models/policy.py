"""The sharing policy of a workspace: its rules, and what they were before."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from workspaces.models.groups import Group
from workspaces.models.users import User
from workspaces.models.workspaces import Workspace
from workspaces.policy import Effect, SubjectKind, TargetKind
from workspaces.states import Role

NOTE_LENGTH = 300


class SharingPolicy(models.Model):
    """What holds for a whole workspace; every workspace has one. Its rules are ``PolicyRule``."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="sharing_policy")
    # The number of the last PolicyRevision, 0 before the first change; an editor sends the one they read.
    revision = models.PositiveIntegerField(default=0, db_default=0)
    # Acts for which only what a rule allows is allowed.
    closed_acts = ArrayField(models.CharField(max_length=20), default=list, db_default=[], blank=True)
    # Percentage of golden prompts that a GPT must pass before it is shared; null: no requirement.
    golden_pass_rate = models.PositiveSmallIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(golden_pass_rate__isnull=True) | Q(golden_pass_rate__lte=100),
                name="workspaces_sharingpolicy_golden",
            ),
        ]

    def __str__(self) -> str:
        return f"sharing policy of {self.workspace_id}"


class PolicyRule(models.Model):
    """One rule of a workspace's policy; ``workspaces.policy`` says what rules mean."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="policy_rules")
    # Without choices, here and above, so that a new act needs no migration.
    act = models.CharField(max_length=20)
    subject_kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in SubjectKind])
    # Which of these is set, ``subject_kind`` says.
    role = models.CharField(max_length=10, choices=Role.choices, blank=True)
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="policy_rules"
    )
    person = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="policy_rules"
    )
    target_kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in TargetKind])
    # An id, a name or a host, as ``target_kind`` says; empty for any.
    target_value = models.CharField(max_length=253, blank=True)
    effect = models.CharField(max_length=5, choices=[(effect.value, effect.value) for effect in Effect])

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(subject_kind="everyone", role="", group__isnull=True, person__isnull=True)
                    | (Q(subject_kind="role", group__isnull=True, person__isnull=True) & ~Q(role=""))
                    | Q(subject_kind="group", role="", group__isnull=False, person__isnull=True)
                    | Q(subject_kind="person", role="", group__isnull=True, person__isnull=False)
                ),
                name="workspaces_policyrule_subject",
            ),
            models.CheckConstraint(
                condition=Q(target_kind="any", target_value="")
                | (~Q(target_kind="any") & ~Q(target_value="")),
                name="workspaces_policyrule_target",
            ),
            models.CheckConstraint(
                condition=Q(effect__in=[effect.value for effect in Effect]),
                name="workspaces_policyrule_effect",
            ),
            # One answer for one subject and target: an allow beside its deny would say nothing.
            models.UniqueConstraint(
                fields=[
                    "workspace",
                    "act",
                    "subject_kind",
                    "role",
                    "group",
                    "person",
                    "target_kind",
                    "target_value",
                ],
                nulls_distinct=False,
                name="workspaces_policyrule_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.effect} {self.act} in {self.workspace_id}"


class PolicyRevision(models.Model):
    """The whole policy of a workspace as it was from one change to the next. Never changed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="policy_revisions")
    number = models.PositiveIntegerField()
    # {"rules": [...], "closed": [...]}: workspaces.queries.policies writes and reads it.
    policy = models.JSONField()
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    # Null: the system, when an upgrade or the deletion of a group changed the rules.
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="workspaces_policyrevision_number"),
        ]

    def __str__(self) -> str:
        return f"policy {self.number} of {self.workspace_id}"
