"""Break-glass access: two people of a company open a person's conversations, with a reason and a notice."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.ids import uuid7
from gpts.chat.states import ContentAccessState
from workspaces.models import Workspace

REASON_LENGTH = 1_000


class ContentAccessRule(models.Model):
    """Whether conversations of an enterprise workspace can be opened at all; without a row they cannot."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="content_access_rule"
    )
    is_allowed = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"content access of {self.workspace_id}: {self.is_allowed}"


class ContentAccess(models.Model):
    """A request to read a person's conversations of one workspace, and what became of it.

    ``since`` and ``until`` are UTC days, inclusive; null leaves that side open. Readable by the two people
    while OPENED and before ``ends_at``. The reason is cleared when the person is erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    # Whose conversations.
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.TextField(max_length=REASON_LENGTH)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    state = models.CharField(
        max_length=10, choices=ContentAccessState.choices, default=ContentAccessState.REQUESTED
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    # When an opened access closes by itself, or was closed; null before it was opened.
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(person=F("requested_by"))
                & (Q(decided_by__isnull=True) | ~Q(person=F("decided_by"))),
                name="gpts_contentaccess_not_own",
            ),
            # Two people: one asks, another opens or refuses.
            models.CheckConstraint(
                condition=~Q(state=ContentAccessState.OPENED)
                | (Q(decided_by__isnull=False, ends_at__isnull=False) & ~Q(decided_by=F("requested_by"))),
                name="gpts_contentaccess_two_people",
            ),
            models.UniqueConstraint(
                fields=["workspace", "person"],
                condition=Q(state=ContentAccessState.REQUESTED),
                name="gpts_contentaccess_asked_once",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="gpts_contentaccess_workspace"),
            models.Index(fields=["person", "-id"], name="gpts_contentaccess_person"),
        ]

    def __str__(self) -> str:
        return f"access {self.pk} in {self.workspace_id}: {self.state}"
