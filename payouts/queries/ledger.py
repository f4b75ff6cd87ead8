"""Ledger accounts with balances, and journal entries with postings."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from payouts.models import Account, JournalEntry


def list_accounts(*, text: str = "") -> QuerySet[Account]:
    """Return accounts with ``balance_minor`` (debits are positive), filtered by part of the name."""
    found = Account.objects.annotate(balance_minor=Coalesce(F("balance__balance_minor"), 0))
    return found.filter(name__icontains=text) if text else found


def list_entries(*, account: str = "", month: str = "") -> QuerySet[JournalEntry]:
    """Return entries with their postings, filtered by account name and by month."""
    found = JournalEntry.objects.select_related("period", "made_by").prefetch_related("postings__account")
    if account:
        found = found.filter(postings__account__name=account).distinct()
    return found.filter(period__month=month) if month else found
