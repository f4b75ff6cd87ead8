"""Issued statements: of one payee, and of all payees for finance."""

from __future__ import annotations

from django.db.models import QuerySet

from payouts.models import Statement
from workspaces.models import User


def list_own_statements(user: User) -> QuerySet[Statement]:
    """Return the user's own statements; finance staff also get only their own here."""
    return Statement.objects.filter(payee=user).select_related("period")


def list_statements(*, month: str = "", text: str = "") -> QuerySet[Statement]:
    """Return the statements of all payees, filtered by month and by part of the payee's name."""
    found = Statement.objects.select_related("period", "payee")
    if month:
        found = found.filter(period__month=month)
    return found.filter(payee_name__icontains=text) if text else found
