"""Tables of usage and budgets."""

from gpts.metering.models.budgets import Budget, BudgetReservation, BudgetUse
from gpts.metering.models.price_ceilings import PriceCeiling
from gpts.metering.models.usage import UsageEvent, UsageVoid
from gpts.metering.models.usage_days import UsageDay, UsageDayState

__all__ = [
    "Budget",
    "BudgetReservation",
    "BudgetUse",
    "PriceCeiling",
    "UsageDay",
    "UsageDayState",
    "UsageEvent",
    "UsageVoid",
]
