"""What pages and API read about money: own earnings, accounting periods, batches, the ledger, rate cards."""

from payouts.queries.batches import (
    list_batch_payouts,
    list_batch_transitions,
    list_batches,
    list_counted_payouts,
    list_own_payouts,
    list_payees_with_balance,
)
from payouts.queries.earnings import Earnings, MonthEstimate, get_earnings, get_payout_account
from payouts.queries.holds import Hold, list_block_labels, list_holds
from payouts.queries.ledger import list_accounts, list_entries
from payouts.queries.periods import MonthSummary, get_month_summary, list_payee_lines, list_periods
from payouts.queries.rate_cards import get_newest_rate_card, list_rate_cards
from payouts.queries.statements import list_own_statements, list_statements
from payouts.queries.uses import UsePage, get_use_page

__all__ = [
    "Earnings",
    "Hold",
    "MonthEstimate",
    "MonthSummary",
    "UsePage",
    "get_earnings",
    "get_month_summary",
    "get_newest_rate_card",
    "get_payout_account",
    "get_use_page",
    "list_accounts",
    "list_batch_payouts",
    "list_batch_transitions",
    "list_batches",
    "list_block_labels",
    "list_counted_payouts",
    "list_entries",
    "list_holds",
    "list_own_payouts",
    "list_own_statements",
    "list_payee_lines",
    "list_payees_with_balance",
    "list_periods",
    "list_rate_cards",
    "list_statements",
]
