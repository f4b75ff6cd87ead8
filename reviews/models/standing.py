"""People's records as reporters and builders, strikes, and daily figures."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.models.decisions import Decision
from reviews.states import BuilderState


class Standing(models.Model):
    """One person's record, as a reporter and as a builder."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="standing")
    reports_upheld = models.PositiveIntegerField(default=0)
    reports_rejected = models.PositiveIntegerField(default=0)
    is_trusted_flagger = models.BooleanField(default=False)
    reporting_suspended_until = models.DateTimeField(null=True, blank=True)
    builder_state = models.CharField(max_length=12, choices=BuilderState.choices, default=BuilderState.NORMAL)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(builder_state__in=BuilderState.values), name="reviews_standing_state"
            ),
        ]

    def __str__(self) -> str:
        return f"standing of {self.user_id}"


class Strike(models.Model):
    """A decision against a builder. It counts until it expires or the decision is overturned."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="strikes")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="strike")
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["user", "expires_at"], name="reviews_strike_user")]

    def __str__(self) -> str:
        return f"strike for {self.user_id}"


class DailyStat(models.Model):
    """One figure of one UTC day. A day is deleted and recounted as a whole."""

    day = models.DateField()
    figure = models.CharField(max_length=40)
    label = models.CharField(max_length=40, blank=True)
    value = models.BigIntegerField()
    filled_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "figure", "label"], name="reviews_dailystat_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.figure} {self.label}: {self.value}"
