"""Cases, the units of work of moderators, and the claims on them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models import GPT
from reviews.models.submissions import Submission
from reviews.states import CaseKind, CaseState, Queue, SubjectType, Tier

# In which cases are worked on, on the page, by API and when the next one is handed out. What is overdue comes
# first within its tier, as the due time does.
QUEUE_ORDER = ("tier", "due_at", "-risk", "id")


class Case(models.Model):
    """One unit of work about one subject. ``row_version`` rises with every change that a moderator must see.

    ``subject_id`` is the subject's primary key as text. ``content_hash`` is what a pre-listing case judges.
    ``risk`` is 0 to 1,000.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=CaseKind.choices)
    subject_type = models.CharField(max_length=20, choices=SubjectType.choices)
    subject_id = models.CharField(max_length=40)
    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    builder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="cases_about"
    )
    submission = models.OneToOneField(
        Submission, on_delete=models.PROTECT, null=True, blank=True, related_name="case"
    )
    # The decision that is appealed or needs a second approval.
    origin = models.ForeignKey(
        "reviews.Decision", on_delete=models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    queue = models.CharField(max_length=20, choices=Queue.choices)
    state = models.CharField(max_length=20, choices=CaseState.choices, default=CaseState.OPEN)
    # The restricted lane: only moderators with the role for child safety see it and what belongs to it.
    is_restricted = models.BooleanField(default=False)
    tier = models.PositiveSmallIntegerField(choices=Tier.choices, default=Tier.NORMAL)
    risk = models.PositiveIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=1)
    row_version = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Since when no moderator is left who may judge it; operators are told.
    no_judge_since = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "kind", "is_restricted"],
                condition=~Q(state=CaseState.CLOSED),
                name="reviews_case_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.CLOSED, closed_at__isnull=False)
                | (~Q(state=CaseState.CLOSED) & Q(closed_at__isnull=True)),
                name="reviews_case_closed",
            ),
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="reviews_case_state"),
            models.CheckConstraint(condition=Q(risk__lte=1000), name="reviews_case_risk"),
        ]
        indexes = [
            models.Index(fields=QUEUE_ORDER, condition=~Q(state=CaseState.CLOSED), name="reviews_case_order"),
            models.Index(fields=["gpt", "-opened_at"], name="reviews_case_gpt"),
            models.Index(fields=["builder", "-opened_at"], name="reviews_case_builder"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} case {self.pk}"


class Claim(models.Model):
    """A lease on a case until ``expires_at``; one row a case, so that only one claim can win a race."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="claim")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="claims")
    token = models.UUIDField(unique=True)
    acquired_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("acquired_at")), name="reviews_claim_lease"
            ),
        ]
        indexes = [models.Index(fields=["moderator", "expires_at"], name="reviews_claim_moderator")]

    def __str__(self) -> str:
        return f"{self.moderator_id} holds {self.case_id}"


class Escalation(models.Model):
    """A moderator passed a case on. Whoever did had a part in its outcome."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="escalations")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    escalated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["moderator"], name="reviews_escalation_moderator")]

    def __str__(self) -> str:
        return f"{self.case_id} escalated by {self.moderator_id}"
