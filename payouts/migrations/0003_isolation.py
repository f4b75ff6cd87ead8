"""Who sees the books: finance all of them, payees what is theirs."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import IS_SIGNED_IN, EnableRowSecurity, has_staff_role, is_person

FINANCE = has_staff_role("finance")
SIGNED_IN = f"{IS_SIGNED_IN} OR {FINANCE}"
OWN = f"{is_person('payee_id')} OR {FINANCE}"
OWN_ACCOUNTS = f"SELECT a.id FROM payouts_account a WHERE {is_person('a.payee_id')}"  # noqa: S608 - constants
OWN_BALANCE = f"{FINANCE} OR account_id IN ({OWN_ACCOUNTS})"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0002_isolation"), ("payouts", "0002_ledger_and_payouts")]

    operations: ClassVar = [
        # Rate cards and periods: everybody who is signed in; written by finance.
        EnableRowSecurity("payouts_ratecard", using=SIGNED_IN, check=FINANCE),
        EnableRowSecurity("payouts_ratecardline", using=SIGNED_IN, check=FINANCE),
        EnableRowSecurity("payouts_accountingperiod", using=SIGNED_IN, check=FINANCE),
        # The calculation of a period: finance.
        EnableRowSecurity("payouts_closerun", using=FINANCE),
        EnableRowSecurity("payouts_closeline", using=FINANCE),
        # Rolled up usage: its payee and finance; its progress: finance; both written by the worker alone.
        EnableRowSecurity("payouts_usagerollup", using=OWN, check="false"),
        EnableRowSecurity("payouts_rollupstate", using=FINANCE, check="false"),
        # Verdicts about usage: finance.
        EnableRowSecurity("payouts_usageverdict", using=FINANCE),
        # Statements, accounts and balances: their payee and finance; written by finance.
        EnableRowSecurity("payouts_statement", using=OWN, check=FINANCE),
        EnableRowSecurity("payouts_statementline", using=OWN, check=FINANCE),
        EnableRowSecurity("payouts_account", using=OWN, check=FINANCE),
        EnableRowSecurity("payouts_accountbalance", using=OWN_BALANCE, check=FINANCE),
        # Journal entries and postings: finance.
        EnableRowSecurity("payouts_journalentry", using=FINANCE),
        EnableRowSecurity("payouts_posting", using=FINANCE),
        # Where a payee is paid to: the payee and finance, who may both write it.
        EnableRowSecurity("payouts_payoutaccount", using=OWN),
        # Batches and the log of their steps: finance; a payout also its payee, who cannot write it.
        EnableRowSecurity("payouts_batch", using=FINANCE),
        EnableRowSecurity("payouts_payout", using=OWN, check=FINANCE),
        EnableRowSecurity("payouts_transition", using=FINANCE),
    ]
