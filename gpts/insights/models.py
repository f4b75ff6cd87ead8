"""Figures about the use of a GPT, each of at least five people and none of a single person."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from gpts.assistants.models.gpts import GPT
from gpts.insights.grouping import GROUP_SIZE
from gpts.insights.states import InsightSeries


class InsightBucket(models.Model):
    """Figures of one series over as many whole days (UTC, ``end_date`` excluded) as five people needed.

    Never changed once written, so deleting a chat later changes nothing. ``people`` counts distinct people,
    rounded down to fives (insights.grouping). ``figures`` holds the counts of the series, ``first_token`` and
    ``total`` are histograms of durations (insights.durations). A bucket of another series covers whole
    buckets of the series "use", so that no difference of two figures counts fewer people.
    """

    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    series = models.CharField(max_length=10, choices=InsightSeries.choices)
    start_date = models.DateField()
    end_date = models.DateField()
    people = models.PositiveIntegerField()
    figures = models.JSONField(default=dict)
    first_token = ArrayField(models.PositiveIntegerField(), default=list)
    total = ArrayField(models.PositiveIntegerField(), default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gpt", "series", "start_date"], name="gpts_insightbucket_once"),
            models.CheckConstraint(condition=Q(end_date__gt=F("start_date")), name="gpts_insightbucket_days"),
            models.CheckConstraint(condition=Q(people__gte=GROUP_SIZE), name="gpts_insightbucket_people"),
        ]

    def __str__(self) -> str:
        return f"{self.series} of {self.gpt_id} from {self.start_date}"


class InsightPart(models.Model):
    """A part of a bucket: use with one version and model, one error code, one reason or one word.

    The part with an empty ``key`` is the rest: all parts too small to show, of at least five people too.
    """

    # Copied from the bucket, so that the row-level policy reads one table only.
    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    bucket = models.ForeignKey(InsightBucket, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=10)
    key = models.CharField(max_length=200, blank=True)
    people = models.PositiveIntegerField()
    figures = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bucket", "kind", "key"], name="gpts_insightpart_once"),
            models.CheckConstraint(condition=Q(people__gte=GROUP_SIZE), name="gpts_insightpart_people"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class InsightCohort(models.Model):
    """How many people whose first use was in the week of ``week`` (a Monday) came ``offset`` weeks later."""

    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    week = models.DateField()
    offset = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    # Null when those who came, or those who did not, are one to four people.
    active = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gpt", "week", "offset"], name="gpts_insightcohort_once"),
            models.CheckConstraint(
                condition=Q(size__gte=GROUP_SIZE)
                & (
                    Q(active__isnull=True)
                    | (
                        (Q(active=0) | Q(active__gte=GROUP_SIZE))
                        & (Q(active=F("size")) | Q(active__lte=F("size") - GROUP_SIZE))
                    )
                ),
                name="gpts_insightcohort_people",
            ),
        ]

    def __str__(self) -> str:
        return f"cohort {self.week} +{self.offset}"


class InsightReach(models.Model):
    """Distinct people of the last ``days`` days, rounded down to fives; buckets cannot be summed for this."""

    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField()
    end_date = models.DateField()
    people = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gpt", "days"], name="gpts_insightreach_once"),
            models.CheckConstraint(condition=Q(people__gte=GROUP_SIZE), name="gpts_insightreach_people"),
        ]

    def __str__(self) -> str:
        return f"{self.people} in {self.days} days"


class InsightState(models.Model):
    """The first day (UTC) whose use was not read yet, and when figures were last computed.

    ``has_estimates``: tokens of some answers are estimates, of at least five people in the last 90 days.
    """

    gpt = models.OneToOneField(GPT, on_delete=models.CASCADE, related_name="+")
    read_until = models.DateField()
    computed_at = models.DateTimeField()
    has_estimates = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.gpt_id} until {self.read_until}"
