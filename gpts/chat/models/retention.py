"""How long a company keeps conversations, and legal holds that keep some of them for longer."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models.gpts import GPT
from workspaces.models import Workspace

HOLD_REASON_LENGTH = 1_000
MAX_DAYS = 3_650


class RetentionRule(models.Model):
    """After how many days without a message conversations that count for a workspace are deleted.

    Without a GPT it holds for all GPTs that have no rule of their own. Proposed first, then counted by a job
    (``conversation_count`` would be deleted at once, ``held_count`` kept by holds), in force from
    ``saved_at`` to ``ended_at``.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    days = models.PositiveIntegerField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField()
    conversation_count = models.PositiveBigIntegerField(null=True)
    held_count = models.PositiveBigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    saved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "gpt"],
                condition=Q(saved_at__isnull=False, ended_at__isnull=True),
                nulls_distinct=False,
                name="gpts_retentionrule_once",
            ),
            models.CheckConstraint(
                condition=Q(days__gte=1, days__lte=MAX_DAYS), name="gpts_retentionrule_days"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(saved_at__isnull=False),
                name="gpts_retentionrule_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} days in {self.workspace_id}"


class LegalHold(models.Model):
    """Keeps the conversations of a person, or with a GPT, that count for a workspace, until it is ended.

    The reason is cleared when the person is erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, null=True, related_name="+")
    reason = models.TextField(max_length=HOLD_REASON_LENGTH)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, gpt__isnull=True)
                | Q(person__isnull=True, gpt__isnull=False),
                name="gpts_legalhold_one",
            ),
            models.UniqueConstraint(
                fields=["workspace", "person"],
                condition=Q(ended_at__isnull=True),
                name="gpts_legalhold_person",
            ),
            models.UniqueConstraint(
                fields=["workspace", "gpt"], condition=Q(ended_at__isnull=True), name="gpts_legalhold_gpt"
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk} in {self.workspace_id}"
