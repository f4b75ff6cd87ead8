"""From usage to money: rates, periods, rollups, statements, the ledger and payouts."""

from payouts.models.ledger import Account, AccountBalance, JournalEntry, Posting
from payouts.models.payouts import Batch, Payout, PayoutAccount
from payouts.models.periods import AccountingPeriod, CloseLine, CloseRun
from payouts.models.rates import RateCard, RateCardLine
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
