"""Submissions of versions, and the results of the automated checks."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from core.ids import uuid7
from gpts.assistants.models import GPT, Version
from reviews.states import OPEN_SUBMISSIONS, CheckOutcome, SubmissionState


class Submission(models.Model):
    """A request to list one frozen version. The draft may change meanwhile; the version does not."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, related_name="submissions")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="submissions")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions"
    )
    state = models.CharField(
        max_length=20, choices=SubmissionState.choices, default=SubmissionState.SUBMITTED
    )
    note = models.TextField(max_length=2_000, blank=True)
    # When the author attested to hold the rights and to keep the rules.
    attested_at = models.DateTimeField()
    submitted_at = models.DateTimeField()
    checks_started_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gpt"], condition=Q(state__in=OPEN_SUBMISSIONS), name="reviews_submission_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state__in=SubmissionState.values), name="reviews_submission_state"
            ),
        ]
        indexes = [
            models.Index(fields=["gpt", "-id"], name="reviews_submission_gpt"),
            models.Index(fields=["state", "submitted_at"], name="reviews_submission_state_idx"),
        ]

    def __str__(self) -> str:
        return f"submission {self.pk} of version {self.version_id}"


class Check(models.Model):
    """The result of one checker for one version. Errored does not count as passed and is retried.

    ``score`` is 0 to 100; ``evidence`` lists {"where", "quote", "why"} with short quotes.
    """

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="checks")
    checker = models.CharField(max_length=30)
    checker_version = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=10, choices=CheckOutcome.choices)
    score = models.PositiveSmallIntegerField(default=0)
    evidence = models.JSONField(default=list, blank=True)
    failure = models.CharField(max_length=120, blank=True)
    input_hash = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(default=1)
    ran_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "checker", "checker_version"], name="reviews_check_once"
            ),
            models.CheckConstraint(condition=Q(score__lte=100), name="reviews_check_score"),
            models.CheckConstraint(
                condition=Q(outcome__in=CheckOutcome.values), name="reviews_check_outcome"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checker} on version {self.version_id}: {self.outcome}"


class Fingerprint(models.Model):
    """The smallest shingle hashes of a version's instructions, by which copies are found."""

    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="fingerprint")
    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    hashes = ArrayField(models.BigIntegerField())

    class Meta:
        indexes = [GinIndex(fields=["hashes"], name="reviews_fingerprint_hashes")]

    def __str__(self) -> str:
        return f"fingerprint of version {self.version_id}"
