"""What pages and API read about money: own earnings, months, payouts, the ledger."""

from payouts.queries.earnings import Earnings, MonthEstimate, earnings_of, payout_account_of, statements_of
from payouts.queries.ledger import accounts, entries
from payouts.queries.months import MonthSheet, month_sheet, payee_lines, periods, uses_of
from payouts.queries.payments import (
    batches,
    journey_of,
    newest_rate_card,
    payouts_in,
    payouts_of,
    rate_cards,
    statements,
    waiting,
)

__all__ = [
    "Earnings",
    "MonthEstimate",
    "MonthSheet",
    "accounts",
    "batches",
    "earnings_of",
    "entries",
    "journey_of",
    "month_sheet",
    "newest_rate_card",
    "payee_lines",
    "payout_account_of",
    "payouts_in",
    "payouts_of",
    "periods",
    "rate_cards",
    "statements",
    "statements_of",
    "uses_of",
    "waiting",
]
