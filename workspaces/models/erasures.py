"""Erasures of accounts and workspaces, which jobs carry out; and names that stay taken."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.ids import uuid7
from workspaces.models.users import User
from workspaces.models.workspaces import Workspace
from workspaces.states import ErasureKind, ErasureState


class Erasure(models.Model):
    """The erasure of one account with its personal workspace, or of one team's or company's workspace.

    ``done`` lists the steps that found nothing more to erase. A run takes a lease: ``claim`` identifies it,
    ``heartbeat_at`` is its last sign of life. The id is the only key to the page that shows the progress.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=ErasureKind.choices)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ErasureState.choices, default=ErasureState.WAITING)
    done = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    # The step that waits for something else, such as an open case of moderation.
    waits_for = models.CharField(max_length=60, blank=True)
    row_count = models.PositiveBigIntegerField(default=0)
    claim = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace"], name="workspaces_erasure_once"),
            models.CheckConstraint(
                condition=models.Q(kind=ErasureKind.ACCOUNT, user__isnull=False)
                | models.Q(kind=ErasureKind.WORKSPACE, user__isnull=True),
                name="workspaces_erasure_subject",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ErasureState.FINISHED, finished_at__isnull=False)
                | (~models.Q(state=ErasureState.FINISHED) & models.Q(finished_at__isnull=True)),
                name="workspaces_erasure_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"erasure {self.pk} ({self.state})"


class RetiredName(models.Model):
    """An address or handle that was erased and must not lead to somebody else; only its hash is kept."""

    kind = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "digest"], name="workspaces_retiredname_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"
