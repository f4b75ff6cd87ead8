"""What was used, as facts: appended with the answer, never changed."""

from __future__ import annotations

from django.db import models

from gpts.metering.states import UsageSource


class UsageEvent(models.Model):
    """One metered turn. Partitioned by month of ``occurred_at``; made by SQL in the migrations.

    ``event_id`` is the turn's UUIDv7 and ``occurred_at`` the moment inside it, so that the pair is
    unique by construction. Ids are plain numbers: the event outlives what it names. ``payee_id`` is
    the owner as of the event. Tokens are counts, ``cost_micros`` 1e-6 of the instance's currency.
    ``xact`` is the writing transaction, by which the rollup knows that nothing earlier is in flight.
    """

    event_id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=10, default="turn")
    workspace_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    gpt_id = models.BigIntegerField()
    gpt_workspace_id = models.BigIntegerField()
    version_id = models.BigIntegerField(null=True)
    payee_id = models.BigIntegerField()
    conversation_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    input_tokens = models.BigIntegerField()
    output_tokens = models.BigIntegerField()
    cost_micros = models.BigIntegerField()
    model_name = models.CharField(max_length=120)
    price_version = models.CharField(max_length=40, blank=True)
    is_paid_user = models.BooleanField()
    is_regeneration = models.BooleanField(default=False)
    outcome = models.CharField(max_length=12)
    source = models.CharField(max_length=10, choices=UsageSource.choices)
    payload_hash = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "gpts_usageevent"

    def __str__(self) -> str:
        return str(self.event_id)


class UsageVoid(models.Model):
    """An event that must not count, and why; the event itself stays."""

    event_id = models.UUIDField(unique=True)
    occurred_at = models.DateTimeField()
    reason = models.CharField(max_length=60)
    made_by_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.event_id} void: {self.reason}"
