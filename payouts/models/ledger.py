"""Double entry: accounts, journal entries and their postings, all append-only."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from payouts.models.periods import AccountingPeriod
from payouts.states import EntryKind
from payouts.stored_text import translate_stored_text


class Account(models.Model):
    """An account in one currency, named so that beancount, ledger and hledger accept it."""

    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    payee = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "currency"], name="payouts_account_name"),
            models.CheckConstraint(
                condition=Q(
                    name__regex=r"^(Assets|Liabilities|Expenses|Income|Equity)(:[A-Z0-9][A-Za-z0-9-]*)+$"
                ),
                name="payouts_account_name_shape",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="payouts_account_currency"
            ),
        ]
        indexes = [models.Index(fields=["payee"], name="payouts_account_payee")]

    def __str__(self) -> str:
        return self.name


class AccountBalance(models.Model):
    """The sum of an account's postings, written by a database trigger; direct writes are refused."""

    account = models.OneToOneField(
        Account, on_delete=models.PROTECT, primary_key=True, related_name="balance"
    )
    balance_minor = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.account_id}: {self.balance_minor}"


class JournalEntry(models.Model):
    """One balanced ledger entry. The database adds ``posted_at`` and ``xact`` (the transaction id).

    A trigger checks at commit that it has postings, that they sum to zero in each currency, and that its
    month is not closed.
    """

    kind = models.CharField(max_length=12, choices=EntryKind.choices)
    idempotency_key = models.CharField(max_length=120, unique=True)
    period = models.ForeignKey(AccountingPeriod, on_delete=models.PROTECT, related_name="entries")
    description = models.CharField(max_length=200)
    reversal_of = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="reversed_by"
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    happened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="payouts_entry_kind"),
            models.CheckConstraint(
                condition=Q(kind=EntryKind.REVERSAL, reversal_of__isnull=False)
                | ~Q(kind=EntryKind.REVERSAL) & Q(reversal_of__isnull=True),
                name="payouts_entry_reversal",
            ),
        ]

    def __str__(self) -> str:
        return self.idempotency_key

    @property
    def translated_description(self) -> str:
        return translate_stored_text(self.description)


class Posting(models.Model):
    """One leg of an entry in signed minor units: debits positive, credits negative."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="payouts_posting_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"

    @property
    def credit_minor(self) -> int:
        return -self.amount_minor
