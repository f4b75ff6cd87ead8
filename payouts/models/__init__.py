"""Models: rate cards, accounting periods, rollups, statements, the ledger, batches and payout accounts."""

from payouts.models.batches import Batch, Payout
from payouts.models.ledger import Account, AccountBalance, JournalEntry, Posting
from payouts.models.payout_accounts import PayoutAccount
from payouts.models.periods import AccountingPeriod, CloseLine, CloseRun
from payouts.models.rate_cards import RateCard, RateCardLine
from payouts.models.statements import Statement, StatementLine
from payouts.models.transitions import Transition
from payouts.models.usage import RollupState, UsageRollup, UsageVerdict

__all__ = [
    "Account",
    "AccountBalance",
    "AccountingPeriod",
    "Batch",
    "CloseLine",
    "CloseRun",
    "JournalEntry",
    "Payout",
    "PayoutAccount",
    "Posting",
    "RateCard",
    "RateCardLine",
    "RollupState",
    "Statement",
    "StatementLine",
    "Transition",
    "UsageRollup",
    "UsageVerdict",
]
