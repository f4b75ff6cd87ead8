"""What can be done with money; every function takes who and when from the edge."""

from payouts.services.batches import approve_batch, cancel_batch, propose_batch
from payouts.services.calendar import advance_periods, open_period
from payouts.services.close import approve_close, calculate_close, close_period, reject_close, start_close
from payouts.services.exports import export_batch
from payouts.services.payout_accounts import (
    hold_payouts,
    release_hold,
    save_payout_account,
    verify_payout_account,
)
from payouts.services.rates import create_rate_card
from payouts.services.releases import release_due
from payouts.services.rollups import roll_up
from payouts.services.settlement import accept_batch, fail_payout, reject_batch, return_payout, settle_payout
from payouts.services.verdicts import exclude_event
from payouts.services.verification import verify_ledger

__all__ = [
    "accept_batch",
    "advance_periods",
    "approve_batch",
    "approve_close",
    "calculate_close",
    "cancel_batch",
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
    "release_due",
    "release_hold",
    "return_payout",
    "roll_up",
    "save_payout_account",
    "settle_payout",
    "start_close",
    "verify_ledger",
    "verify_payout_account",
]
