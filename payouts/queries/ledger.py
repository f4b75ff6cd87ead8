"""The books: accounts with balances, entries with legs."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from payouts.models import Account, JournalEntry


def accounts(*, text: str = "") -> QuerySet[Account]:
    """Return accounts with ``balance_minor`` (debit above zero), by a part of the name."""
    found = Account.objects.annotate(balance_minor=Coalesce(F("balance__balance_minor"), 0))
    return found.filter(name__icontains=text) if text else found


def entries(*, account: str = "", month: str = "") -> QuerySet[JournalEntry]:
    """Return entries with their legs, of one account or month when given."""
    found = JournalEntry.objects.select_related("period", "made_by").prefetch_related("postings__account")
    if account:
        found = found.filter(postings__account__name=account).distinct()
    return found.filter(period__month=month) if month else found
