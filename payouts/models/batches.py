"""Payout batches and the payouts in them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from payouts.states import OPEN_PAYOUT_STATES, BatchState, PayoutMethod, PayoutState
from payouts.stored_text import translate_stored_text


class Batch(models.Model):
    """Payouts of one bank file. The file is stored at export and never changes."""

    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=BatchState.choices, default=BatchState.DRAFT)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    file_format = models.CharField(max_length=10, blank=True)
    file_bytes = models.BinaryField(null=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    exported_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BatchState.values), name="payouts_batch_state"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="payouts_batch_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[BatchState.DRAFT, BatchState.CANCELLED])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="payouts_batch_approved",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[BatchState.DRAFT, BatchState.APPROVED, BatchState.CANCELLED])
                | Q(file_bytes__isnull=False, exported_at__isnull=False) & ~Q(file_sha256=""),
                name="payouts_batch_exported",
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Payout(models.Model):
    """One payee in one batch, with a copy of the payout account as it was at the proposal."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="payouts")
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=PayoutState.choices, default=PayoutState.QUEUED)
    method = models.CharField(max_length=10, choices=PayoutMethod.choices)
    legal_name = models.CharField(max_length=70)
    country = models.CharField(max_length=2)
    iban_ending = models.CharField(max_length=4, blank=True)
    bank_reference = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PayoutState.values), name="payouts_payout_state"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payouts_payout_amount"),
            models.UniqueConstraint(fields=["batch", "payee"], name="payouts_payout_once_in_batch"),
            models.UniqueConstraint(
                fields=["payee", "currency"],
                condition=Q(state__in=OPEN_PAYOUT_STATES),
                name="payouts_payout_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[PayoutState.FAILED, PayoutState.RETURNED, PayoutState.CANCELLED])
                | ~Q(reason=""),
                name="payouts_payout_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[PayoutState.PAID, PayoutState.RETURNED]) | ~Q(bank_reference=""),
                name="payouts_payout_reference",
            ),
        ]
        indexes = [models.Index(fields=["payee", "-id"], name="payouts_payout_payee")]

    def __str__(self) -> str:
        return f"payout {self.pk}"

    @property
    def translated_reason(self) -> str:
        return translate_stored_text(self.reason)
