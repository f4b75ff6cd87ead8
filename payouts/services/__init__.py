"""Every change of money. Functions take the actor (``by``) and the time (``at``) from their caller."""

from payouts.services.bank_files import export_batch
from payouts.services.batches import approve_batch, cancel_batch, propose_batch
from payouts.services.close import (
    approve_close,
    calculate_close,
    cancel_close,
    close_period,
    reject_close,
    start_close,
)
from payouts.services.exclusions import exclude_event
from payouts.services.holds import hold_payouts, release_hold
from payouts.services.ledger_checks import verify_ledger
from payouts.services.payout_accounts import save_payout_account, verify_payout_account
from payouts.services.periods import advance_periods, open_period
from payouts.services.rate_cards import create_rate_card
from payouts.services.releases import release_due_earnings
from payouts.services.rollups import roll_up
from payouts.services.settlement import accept_batch, fail_payout, reject_batch, return_payout, settle_payout

__all__ = [
    "accept_batch",
    "advance_periods",
    "approve_batch",
    "approve_close",
    "calculate_close",
    "cancel_batch",
    "cancel_close",
    "close_period",
    "create_rate_card",
    "exclude_event",
    "export_batch",
    "fail_payout",
    "hold_payouts",
    "open_period",
    "propose_batch",
    "reject_batch",
    "reject_close",
    "release_due_earnings",
    "release_hold",
    "return_payout",
    "roll_up",
    "save_payout_account",
    "settle_payout",
    "start_close",
    "verify_ledger",
    "verify_payout_account",
]
