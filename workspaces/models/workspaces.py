"""Workspaces, members and mailed invitations."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from workspaces.models.users import User
from workspaces.states import DomainJoining, Role, WorkspaceKind

COST_CENTRE_LENGTH = 20


class Workspace(models.Model):
    """A tenant: a person's own, a team's or a company's. Slugs are never reused."""

    kind = models.CharField(max_length=12, choices=WorkspaceKind.choices)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=80)
    # Set for personal workspaces; teams and companies have owners among their members.
    person = models.OneToOneField(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="personal_workspace"
    )
    accent = models.CharField(_("accent colour"), max_length=7, blank=True)
    # The key of a picture in the object store, "logos/<sha256>.webp"; empty shows the initials of the name.
    logo = models.CharField(max_length=80, blank=True, default="", db_default="")
    # Counts against the number of workspaces that a person may make, also after they left it.
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    suspended_at = models.DateTimeField(null=True, blank=True)
    # Read only since then (workspaces.services.life_cycle); null: open.
    archived_at = models.DateTimeField(null=True, blank=True)
    # When a job deletes it, unless an owner cancels that.
    deletion_due_at = models.DateTimeField(null=True, blank=True)
    # When owners and admins were last reminded of that.
    deletion_reminded_at = models.DateTimeField(null=True, blank=True)
    # Whether the sharing policy, which only members may read, refuses links and the store to everybody.
    keeps_inside = models.BooleanField(default=False, db_default=False)
    # How many members it may have, set by the operator; null: no limit. Guests take no seat.
    seats = models.PositiveIntegerField(null=True, blank=True)
    # Bytes of all knowledge, set by the operator; null: KNOWLEDGE_WORKSPACE_BYTES.
    knowledge_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    # How many GPTs it may have, set by the operator; null: no limit.
    gpt_limit = models.PositiveIntegerField(null=True, blank=True)

    # Whether people with an address at one of its proved domains become members by themselves.
    domain_joining = models.CharField(
        max_length=8, choices=DomainJoining.choices, default=DomainJoining.OFF, db_default=DomainJoining.OFF
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(deletion_due_at__isnull=True) | models.Q(archived_at__isnull=False),
                name="workspaces_workspace_deletion_archived",
            ),
            models.CheckConstraint(
                condition=models.Q(domain_joining__in=DomainJoining.values),
                name="workspaces_workspace_joining",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=WorkspaceKind.PERSONAL, person__isnull=False)
                | (~models.Q(kind=WorkspaceKind.PERSONAL) & models.Q(person__isnull=True)),
                name="workspaces_workspace_person",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def logo_url(self) -> str:
        return f"/{self.logo}" if self.logo else ""


class Member(models.Model):
    """A person's membership of a workspace."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    joined_at = models.DateTimeField()
    # Exact to an hour; null until the person has used the workspace (workspaces.services.activity).
    last_active_at = models.DateTimeField(null=True, blank=True)
    # Wins over those of the person's groups; empty: theirs count (workspaces.queries.cost_centres).
    cost_centre = models.CharField(max_length=COST_CENTRE_LENGTH, blank=True, default="", db_default="")
    # The ends of grace for a second factor that the person was told of, and reminded of, by mail.
    grace_told_for = models.DateTimeField(null=True, blank=True)
    grace_reminded_for = models.DateTimeField(null=True, blank=True)
    # Filters of the table of GPTs that the person saved: {"name", "query"} each, query as in an address.
    gpt_filters = models.JSONField(default=list, blank=True, db_default=models.Value([], models.JSONField()))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="workspaces_member_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="workspaces_member_role"),
        ]
        indexes = [models.Index(fields=["user", "workspace"], name="workspaces_member_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id} as {self.role}"


class Invitation(models.Model):
    """An invitation to a workspace by e-mail; the role comes from this row, never from the link.

    ``guest_until`` makes it one of a guest (workspaces.models.Guest), who gets no role. ``mailed_at`` is null
    while the mail of an imported invitation waits for the job that writes it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role.choices, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    guest_until = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="workspaces_invitation_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(guest_until__isnull=True, role__in=Role.values)
                | models.Q(guest_until__isnull=False, role=""),
                name="workspaces_invitation_role_or_guest",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "id"],
                condition=models.Q(mailed_at__isnull=True, revoked_at__isnull=True, accepted_at__isnull=True),
                name="workspaces_invitation_unsent",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk} to {self.workspace_id}"
