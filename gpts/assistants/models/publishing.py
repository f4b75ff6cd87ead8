"""Approval inside a company: when it is needed, and requests to share a version with an audience."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from gpts.assistants.models.gpts import GPT, Version
from gpts.assistants.states import ApprovalNeed, Audience, PublishState
from workspaces.models import Workspace

NOTE_LENGTH = 1_000


class PublishingRule(models.Model):
    """When sharing a GPT of ``workspace`` needs another person; without a row it never does."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="+")
    need = models.CharField(max_length=10, choices=ApprovalNeed.choices, default=ApprovalNeed.NONE)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.need} in {self.workspace_id}"


class PublishRequest(models.Model):
    """Somebody asks that exactly ``version`` may be shared with ``audience``.

    One open request for a GPT and audience. An approval holds for the content of the version: whoever edits
    the draft needs a new one to share that. ``note`` is for who decides, ``answer`` their reason.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="publish_requests")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    note = models.TextField(max_length=NOTE_LENGTH, blank=True)
    state = models.CharField(max_length=10, choices=PublishState.choices, default=PublishState.OPEN)
    requested_at = models.DateTimeField()
    answer = models.TextField(max_length=NOTE_LENGTH, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gpt", "audience"],
                condition=Q(state=PublishState.OPEN),
                name="gpts_publishrequest_once",
            ),
            # Another person than who asked approves and sends back.
            models.CheckConstraint(
                condition=~Q(state__in=[PublishState.APPROVED, PublishState.SENT_BACK])
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=F("requested_by")),
                name="gpts_publishrequest_two",
            ),
            models.CheckConstraint(
                condition=Q(state=PublishState.OPEN, decided_at__isnull=True)
                | (~Q(state=PublishState.OPEN) & Q(decided_at__isnull=False)),
                name="gpts_publishrequest_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="gpts_publishrequest_place"),
            models.Index(fields=["gpt", "-id"], name="gpts_publishrequest_gpt"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} for {self.audience}: {self.state}"
