"""Exports of whole workspaces: files in the object store for some days, made by a job."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.ids import uuid7
from workspaces.models.users import User
from workspaces.models.workspaces import Workspace
from workspaces.states import OPEN_EXPORTS, ExportState

_OPEN = Q(state__in=OPEN_EXPORTS)


class WorkspaceExport(models.Model):
    """A ZIP file with what a workspace holds; one at a time is being made.

    The row goes with its file. A run takes a lease: ``claim`` identifies it, ``heartbeat_at`` is its last
    sign of life. ``storage_key`` names the file from the start of a run, so that a lost one leaves none.
    ``size`` in bytes, ``steps_done`` of ``steps_total`` tables and kinds of files are written.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="exports")
    # The job reads as this owner, and stops when they are none any more.
    requested_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    requested_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.WAITING)
    steps_done = models.PositiveSmallIntegerField(default=0)
    steps_total = models.PositiveSmallIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    storage_key = models.CharField(max_length=200, blank=True)
    # "access_ended", "lost", or "not_begun" when no worker took it.
    failure = models.CharField(max_length=20, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # When a job removes the file and the row.
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace"], condition=_OPEN, name="workspaces_export_one_open"),
            models.CheckConstraint(
                condition=Q(_OPEN, ended_at__isnull=True, expires_at__isnull=True)
                | Q(~_OPEN, ended_at__isnull=False, expires_at__isnull=False),
                name="workspaces_export_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExportState.READY) | (~Q(storage_key="") & Q(size__gt=0)),
                name="workspaces_export_has_file",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="workspaces_export_list")]

    def __str__(self) -> str:
        return f"export {self.pk} of {self.workspace_id}: {self.state}"
