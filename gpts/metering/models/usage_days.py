"""Usage of workspaces by day: what the events add up to, so that a page does not read a million of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class UsageDay(models.Model):
    """What one person used in a workspace on one day (UTC) with one GPT and model; never any content.

    Counted once from each event by gpts.metering.services.usage_days. Ids are no foreign keys: the sums
    outlive the rows, as the events do.
    """

    workspace_id = models.BigIntegerField()
    day = models.DateField()
    user_id = models.BigIntegerField()
    gpt_id = models.BigIntegerField()
    model_name = models.CharField(max_length=120)
    answers = models.BigIntegerField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost_micros = models.BigIntegerField()
    # The watermark up to which events were added when this row changed last.
    batch = models.DecimalField(max_digits=20, decimal_places=0, default=0, db_default=0)

    class Meta:
        indexes = [
            # What changed, what enters or leaves a range of days, and the sums of one GPT.
            models.Index(fields=["batch"], name="gpts_usageday_batch"),
            models.Index(fields=["day"], name="gpts_usageday_day"),
            models.Index(fields=["gpt_id", "workspace_id", "day"], name="gpts_usageday_gpt"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "day", "user_id", "gpt_id", "model_name"], name="gpts_usageday_once"
            ),
            models.CheckConstraint(
                condition=Q(answers__gt=0, input_tokens__gte=0, output_tokens__gte=0, cost_micros__gte=0),
                name="gpts_usageday_counts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.workspace_id} {self.user_id} {self.gpt_id}"


class UsageDayState(models.Model):
    """One row with the watermark up to which events are counted. Its row lock serialises concurrent runs."""

    singleton = models.BooleanField(primary_key=True, default=True)
    # A transaction id (xid8) as a number; events of all earlier transactions are in UsageDay.
    watermark = models.DecimalField(max_digits=20, decimal_places=0, default=0)
    # What gpts.metering.services.gpt_use has counted: batches up to this one, and the days after this one.
    counted_batch = models.DecimalField(max_digits=20, decimal_places=0, default=0, db_default=0)
    counted_since = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(singleton=True), name="gpts_usagedaystate_one_row"),
        ]

    def __str__(self) -> str:
        return f"up to {self.watermark}"
