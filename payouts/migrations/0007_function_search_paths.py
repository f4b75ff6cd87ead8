"""Triggers of the books look names up in our schema only: see core.0004_function_search_paths.

Before, whoever could make a temporary table named like one of ours could pass the ledger's checks.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import FixSearchPath


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0004_function_search_paths"), ("payouts", "0006_first_rate_card")]

    operations: ClassVar = [
        FixSearchPath(
            "payouts_only_with_header()",
            "payouts_check_entry()",
            "payouts_check_posting()",
            "payouts_add_to_balances()",
            "payouts_only_by_postings()",
            "payouts_guard_period()",
            "payouts_guard_run()",
            "payouts_guard_closeline()",
            "payouts_guard_batch()",
            "payouts_guard_payout()",
        ),
    ]
