"""What a GPT's makers may know of its use: figures of at least five people each, and of no person."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from gpts.assistants.models.gpts import GPT
from gpts.insights.grouping import GROUP_SIZE
from gpts.insights.states import InsightSeries


class InsightBucket(models.Model):
    """Whole days (UTC, ``end_date`` excluded) of one series, as long as it took for five people to appear.

    Never changed after it was written, so deleting a chat later changes nothing. ``people`` are distinct, in
    fives (insights.grouping). ``figures`` holds what the series counts, ``first_token`` and ``total`` are
    counts of answers by duration (insights.durations). Buckets of quality series cover whole buckets of use,
    so that no difference of two figures is of fewer people.
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
    """A share of a bucket: use with one version and model, or one reason. Parts without a ``key`` are the
    rest, of at least five people as well."""

    # The bucket's, so that its policy asks one table.
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
    """Of the people who came first in the week of ``week`` (a Monday), how many came ``offset`` weeks on."""

    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="+")
    week = models.DateField()
    offset = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    # Null where those who came, or those who did not, are one to four.
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
    """How many people in the last ``days`` days, in fives: a month is not the sum of its days."""

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
    """Up to which day a GPT's use has been read, and when."""

    gpt = models.OneToOneField(GPT, on_delete=models.CASCADE, related_name="+")
    read_until = models.DateField()
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.gpt_id} until {self.read_until}"
