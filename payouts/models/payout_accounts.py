"""Where a payee is paid, and whether payouts to them are on hold."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from payouts.states import PayoutMethod


class PayoutAccount(models.Model):
    """Where a payee is paid. After a change finance verifies it again, and payouts wait for 72 hours."""

    payee = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payout_account"
    )
    # The account holder's name at the bank, not the display name.
    legal_name = models.CharField(_("legal name"), max_length=70)
    country = models.CharField(_("country"), max_length=2)
    method = models.CharField(_("how to be paid"), max_length=10, choices=PayoutMethod.choices)
    # Encrypted by core.secrets; pages show the last four characters only.
    sealed_iban = models.TextField(blank=True)
    iban_ending = models.CharField(max_length=4, blank=True)
    minimum_minor = models.BigIntegerField(_("pay from"), default=0)
    changed_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    held_at = models.DateTimeField(null=True)
    hold_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(method=PayoutMethod.IBAN) & ~Q(sealed_iban="") & ~Q(iban_ending="")
                | Q(method=PayoutMethod.MANUAL, sealed_iban="", iban_ending=""),
                name="payouts_payoutaccount_method",
            ),
            models.CheckConstraint(condition=Q(minimum_minor__gte=0), name="payouts_payoutaccount_minimum"),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True)
                | Q(verified_by__isnull=False) & ~Q(verified_by=F("payee")),
                name="payouts_payoutaccount_verified",
            ),
            models.CheckConstraint(
                condition=Q(held_at__isnull=True) | ~Q(hold_reason=""), name="payouts_payoutaccount_hold"
            ),
        ]

    def __str__(self) -> str:
        return f"payout account of {self.payee_id}"
