"""Notices as they were sent, and appeals against decisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from reviews.models.cases import Case
from reviews.models.decisions import Decision
from reviews.models.reports import Report
from reviews.states import AppealParty, AppealState, DeliveryState, NoticeKind


class Notice(models.Model):
    """A message as it was sent, in its language; the key of its link is added to the mail only.

    ``facts`` holds the fields of a statement of reasons (Digital Services Act, article 17), in that language.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=24, choices=NoticeKind.choices)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notices")
    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    email = models.EmailField(max_length=254)
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    facts = models.JSONField(default=dict, blank=True)
    delivery = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["decision", "email", "kind"],
                condition=Q(decision__isnull=False),
                name="reviews_notice_decision_once",
            ),
            models.UniqueConstraint(
                fields=["report", "kind"],
                condition=Q(report__isnull=False, decision__isnull=True),
                name="reviews_notice_receipt_once",
            ),
            models.CheckConstraint(
                condition=Q(delivery=DeliveryState.SENT, sent_at__isnull=False)
                | (~Q(delivery=DeliveryState.SENT) & Q(sent_at__isnull=True)),
                name="reviews_notice_sent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(delivery=DeliveryState.WAITING),
                name="reviews_notice_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Appeal(models.Model):
    """An objection to one decision, once for each party; its case goes to another moderator."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="appeals")
    party = models.CharField(max_length=10, choices=AppealParty.choices)
    appellant = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="appeals")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="appeals")
    text = models.TextField(max_length=4_000)
    state = models.CharField(max_length=12, choices=AppealState.choices, default=AppealState.FILED)
    filed_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], condition=Q(party=AppealParty.OWNER), name="reviews_appeal_owner_once"
            ),
            models.UniqueConstraint(
                fields=["decision", "appellant"],
                condition=Q(party=AppealParty.REPORTER),
                name="reviews_appeal_reporter_once",
            ),
            models.CheckConstraint(
                condition=Q(state=AppealState.FILED, answered_at__isnull=True)
                | (~Q(state=AppealState.FILED) & Q(answered_at__isnull=False)),
                name="reviews_appeal_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"appeal {self.pk} against {self.decision_id}"
