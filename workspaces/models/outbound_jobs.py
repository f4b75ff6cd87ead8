"""Calls to other hosts that a worker makes for a person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.ids import uuid7
from workspaces.models.users import User
from workspaces.models.workspaces import Workspace
from workspaces.states import OutboundJobState


class OutboundJob(models.Model):
    """One call to another host: never inside a request, so that a slow host holds no database connection.

    ``kind`` names the code that makes the call (workspaces.services.outbound_jobs.HANDLERS), ``subject_id``
    is the row that it is for: a GPT, a model provider. ``error`` is in the language of the person who asked.
    Without a workspace it is for the instance, asked for by an operator.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, null=True, blank=True, related_name="outbound_jobs"
    )
    subject_id = models.BigIntegerField()
    requested_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="outbound_jobs")
    address = models.CharField(max_length=2000)
    payload = models.JSONField(default=dict, blank=True)
    language = models.CharField(max_length=10, default="en")
    state = models.CharField(max_length=10, choices=OutboundJobState.choices, default=OutboundJobState.QUEUED)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)
    result = models.JSONField(default=dict, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="queued", started_at__isnull=True, ended_at__isnull=True)
                | Q(state="running", started_at__isnull=False, ended_at__isnull=True)
                | Q(state__in=["done", "failed"], ended_at__isnull=False),
                name="workspaces_outboundjob_times",
            ),
            models.CheckConstraint(
                condition=Q(state="failed") & ~Q(error_code="") | ~Q(state="failed") & Q(error_code=""),
                name="workspaces_outboundjob_error",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["queued", "running"]),
                name="workspaces_outboundjob_open",
            ),
            models.Index(fields=["kind", "subject_id", "-created_at"], name="workspaces_outboundjob_subject"),
            models.Index(
                fields=["-ended_at"],
                condition=Q(state=OutboundJobState.FAILED),
                name="workspaces_outboundjob_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.address}"

    @property
    def is_open(self) -> bool:
        return self.state in (OutboundJobState.QUEUED, OutboundJobState.RUNNING)
