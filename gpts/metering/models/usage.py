"""Usage events: appended with each answer, never changed."""

from __future__ import annotations

from django.db import models

from gpts.metering.states import UsageSource


class UsageEvent(models.Model):
    """One metered turn. A migration creates the table in SQL, partitioned by month of ``occurred_at``.

    ``event_id`` is the turn's UUIDv7 and ``occurred_at`` the time inside it, so a turn cannot be counted
    twice. Ids are no foreign keys: the event outlives the rows. ``payee_id`` is the GPT's owner at that
    time, ``cost_micros`` are 1e-6 of the instance's currency. The column ``xact`` (only in the database) is
    the writing transaction; by it the rollup leaves out events that an open transaction may still precede.
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
    # Tokens counted by us: the provider sent no count, one that cannot be true, or is the payee's own.
    is_estimated = models.BooleanField(default=False)
    # The workspace whose provider answered: always the GPT's. None: a provider of the instance.
    provider_workspace_id = models.BigIntegerField(null=True, default=None)
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
    """Marks an event as not counting, with the reason; the event itself stays."""

    event_id = models.UUIDField(unique=True)
    occurred_at = models.DateTimeField()
    reason = models.CharField(max_length=60)
    made_by_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.event_id} void: {self.reason}"
