"""The history of states of periods, batches and payouts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from payouts.models.batches import Batch, Payout
from payouts.models.periods import AccountingPeriod
from payouts.states import BatchState, PayoutState, PeriodState
from payouts.stored_text import translate_stored_text


class Transition(models.Model):
    """One change of state with actor, time and reason. Append-only. No actor: the system."""

    period = models.ForeignKey(
        AccountingPeriod, on_delete=models.PROTECT, null=True, related_name="transitions"
    )
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="transitions")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, null=True, related_name="transitions")
    before = models.CharField(max_length=12)
    after = models.CharField(max_length=12)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(period__isnull=False, batch__isnull=True, payout__isnull=True)
                | Q(period__isnull=True, batch__isnull=False, payout__isnull=True)
                | Q(period__isnull=True, batch__isnull=True, payout__isnull=False),
                name="payouts_transition_one_subject",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="payouts_transition_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"

    @property
    def translated_reason(self) -> str:
        return translate_stored_text(self.reason)

    @property
    def before_label(self) -> str:
        return self._label(self.before)

    @property
    def after_label(self) -> str:
        return self._label(self.after)

    def _label(self, state: str) -> str:
        states = PeriodState if self.period_id else BatchState if self.batch_id else PayoutState
        return str(states(state).label)
