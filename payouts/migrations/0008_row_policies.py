"""Who reads and writes the books, each command by itself: payees read what is theirs and delete nothing."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import (
    IS_SIGNED_IN,
    NOBODY,
    MakeSight,
    SetRowPolicies,
    has_staff_role,
    is_person,
)

FINANCE = has_staff_role("finance")
SIGNED_IN = f"{IS_SIGNED_IN} OR {FINANCE}"
OWN = f"{is_person('payee_id')} OR {FINANCE}"
OWN_ACCOUNT = f"{FINANCE} OR payouts_account_is_seen(account_id)"
OLD = "payouts.migrations.0003_isolation"


def set_books(
    table: str, *, read: str = FINANCE, add: str = FINANCE, change: str = FINANCE
) -> SetRowPolicies:
    return SetRowPolicies(table, read=read, add=add, change=change, remove=NOBODY, instead_of=OLD)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0006_audit_policies"),
        ("payouts", "0007_function_search_paths"),
    ]

    operations: ClassVar = [
        MakeSight("payouts_account"),
        # Rate cards and periods: everybody who is signed in; written by finance.
        set_books("payouts_ratecard", read=SIGNED_IN, change=NOBODY),
        set_books("payouts_ratecardline", read=SIGNED_IN, change=NOBODY),
        set_books("payouts_accountingperiod", read=SIGNED_IN),
        # The calculation of a period: finance.
        set_books("payouts_closerun"),
        set_books("payouts_closeline", change=NOBODY),
        # Rolled up usage: its payee and finance; its progress: finance; both written by the worker alone.
        set_books("payouts_usagerollup", read=OWN, add=NOBODY, change=NOBODY),
        set_books("payouts_rollupstate", add=NOBODY, change=NOBODY),
        set_books("payouts_usageverdict", change=NOBODY),
        # Statements, accounts and balances: their payee and finance; written by finance.
        set_books("payouts_statement", read=OWN, change=NOBODY),
        set_books("payouts_statementline", read=OWN, change=NOBODY),
        set_books("payouts_account", read=OWN, change=NOBODY),
        set_books("payouts_accountbalance", read=OWN_ACCOUNT),
        set_books("payouts_journalentry", change=NOBODY),
        set_books("payouts_posting", change=NOBODY),
        # Where a payee is paid to: the payee and finance, who may both write it.
        set_books("payouts_payoutaccount", read=OWN, add=OWN, change=OWN),
        # Batches and the log of their steps: finance; a payout also its payee, who cannot write it.
        set_books("payouts_batch"),
        set_books("payouts_payout", read=OWN),
        set_books("payouts_transition", change=NOBODY),
    ]
