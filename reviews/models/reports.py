"""Reports. The author of a GPT never sees who reported it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from reviews.models.cases import Case
from reviews.states import ReportCategory, ReportSource, ReportState


class Report(models.Model):
    """One report about one subject. ``evidence`` is a snapshot of the subject at that moment.

    ``weight`` is what the report adds to the risk, in thousandths of an ordinary report.
    ``address_hash`` is a keyed hash of the network address, for rate limiting only.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reports")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="reports"
    )
    reporter_name = models.CharField(max_length=80, blank=True)
    reporter_email = models.EmailField(max_length=254, blank=True)
    source = models.CharField(max_length=20, choices=ReportSource.choices)
    category = models.CharField(max_length=20, choices=ReportCategory.choices)
    subcategory = models.CharField(max_length=60, blank=True)
    explanation = models.TextField(max_length=4_000)
    url = models.CharField(max_length=300, blank=True)
    is_good_faith = models.BooleanField()
    locale = models.CharField(max_length=10)
    evidence = models.JSONField(default=dict)
    weight = models.PositiveSmallIntegerField(default=1000)
    state = models.CharField(max_length=12, choices=ReportState.choices, default=ReportState.RECEIVED)
    # The same text by many people is a sign of brigading.
    text_hash = models.CharField(max_length=64)
    address_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "reporter"],
                condition=Q(reporter__isnull=False),
                name="reviews_report_reporter",
            ),
            models.UniqueConstraint(
                fields=["case", "reporter_email"],
                condition=Q(reporter__isnull=True) & ~Q(reporter_email=""),
                name="reviews_report_email",
            ),
            models.CheckConstraint(
                condition=Q(source=ReportSource.SYSTEM) | Q(is_good_faith=True),
                name="reviews_report_good_faith",
            ),
            models.CheckConstraint(
                condition=Q(source=ReportSource.SYSTEM) | Q(reporter__isnull=False) | ~Q(reporter_email=""),
                name="reviews_report_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["reporter", "created_at"], name="reviews_report_by_person"),
            models.Index(fields=["address_hash", "created_at"], name="reviews_report_by_address"),
        ]

    def __str__(self) -> str:
        return f"report {self.pk} on {self.case_id}"
