"""A creator's own money: balances, the payout account, and estimates of months that are not closed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from django.conf import settings
from django.db.models import Sum

from core.look.formats import short_day
from core.money import micros_to_minor
from core.periods import Period
from payouts.models import (
    AccountBalance,
    AccountingPeriod,
    Payout,
    PayoutAccount,
    RateCard,
    Statement,
    UsageRollup,
)
from payouts.services.calculation import build_card_terms, get_gpt_names
from payouts.services.classification import UsageCount
from payouts.services.rate_cards import get_rate_card
from payouts.services.valuation import Valuation, value_month
from payouts.states import OPEN_PAYOUT_STATES, PayoutState, PeriodState, Rule, Verdict
from workspaces.models import User


@dataclass(frozen=True)
class GPTEstimate:
    """Estimated earnings of one GPT in a month that is not closed."""

    gpt_id: int
    name: str
    conversations: int
    messages: int
    unpaid: int
    amount_minor: int | None


@dataclass(frozen=True)
class UnpaidCount:
    """How many uses were not paid for one reason."""

    verdict: str
    messages: int

    @property
    def label(self) -> str:
        return str(Verdict(self.verdict).label)


@dataclass(frozen=True)
class MonthEstimate:
    """A month that is not closed. ``amount_minor`` is None for a pool, which is divided at the close."""

    month: str
    currency: str
    card: RateCard
    amount_minor: int | None
    qualified: int
    # How many of the qualified answers have estimated tokens.
    estimated: int
    gpts: list[GPTEstimate]
    unpaid: list[UnpaidCount]
    days: list[tuple[date, int]]

    @property
    def starts_at(self) -> datetime:
        return Period.parse(self.month).start

    @property
    def chart(self) -> list[tuple[str, int]]:
        return [(short_day(day), count) for day, count in self.days]


@dataclass(frozen=True)
class Earnings:
    """One payee's totals, all in minor units of ``currency``."""

    currency: str
    pending_minor: int
    available_minor: int
    on_its_way_minor: int
    paid_minor: int
    issued_minor: int
    estimates: list[MonthEstimate] = field(default_factory=list)

    @property
    def estimate_minor(self) -> int:
        return sum(estimate.amount_minor or 0 for estimate in self.estimates)


def get_payout_account(user: User) -> PayoutAccount | None:
    return PayoutAccount.objects.filter(payee=user).first()


def get_earnings(user: User, *, at: datetime) -> Earnings:
    """Return the user's balances and estimates of the months that are not closed, newest first."""
    currency = settings.PAYOUT_CURRENCY
    balances = {
        name.rpartition(":")[2]: -balance
        for name, balance in AccountBalance.objects.filter(
            account__payee=user, account__currency=currency
        ).values_list("account__name", "balance_minor")
    }
    payouts: dict[str, int] = dict(
        Payout.objects.filter(payee=user, currency=currency)
        .order_by()
        .values_list("state")
        .annotate(total=Sum("amount_minor"))
    )
    issued = Statement.objects.filter(payee=user, currency=currency).aggregate(total=Sum("total_minor"))
    return Earnings(
        currency=currency,
        pending_minor=balances.get("Pending", 0),
        available_minor=balances.get("Available", 0),
        on_its_way_minor=sum(
            payouts.get(state, 0) for state in OPEN_PAYOUT_STATES if state != PayoutState.QUEUED
        ),
        paid_minor=payouts.get(PayoutState.PAID, 0),
        issued_minor=issued["total"] or 0,
        estimates=_estimates(user, at),
    )


def _estimates(user: User, at: datetime) -> list[MonthEstimate]:
    closed = AccountingPeriod.objects.filter(state=PeriodState.CLOSED).values("month")
    rows = list(
        UsageRollup.objects.filter(payee_id=user.pk, month__lte=str(Period.containing(at)))
        .exclude(month__in=closed)
        .order_by("day", "gpt_id", "verdict", "category")
    )
    names = get_gpt_names({row.gpt_id for row in rows})
    by_month: dict[str, list[UsageRollup]] = defaultdict(list)
    for row in rows:
        by_month[row.month].append(row)
    return [_estimate(month, by_month[month], names) for month in sorted(by_month, reverse=True)]


def _estimate(month: str, rows: list[UsageRollup], names: dict[int, str]) -> MonthEstimate:
    card = get_rate_card(Period.parse(month))
    valuation = value_month(
        month=month,
        counts=_build_counts(rows),
        terms=build_card_terms(card),
        origin_terms=lambda origin: build_card_terms(get_rate_card(Period.parse(origin))),
        carried_in_minor=0,
    )
    is_pool = card.rule == Rule.PRO_RATA_POOL
    per_day: dict[date, int] = defaultdict(int)
    unpaid: dict[str, int] = defaultdict(int)
    for row in rows:
        per_day[row.day] += row.messages if row.verdict == Verdict.QUALIFIED else 0
        if row.verdict != Verdict.QUALIFIED:
            unpaid[row.verdict] += row.messages
    return MonthEstimate(
        month=month,
        currency=card.currency,
        card=card,
        amount_minor=None if is_pool else _round_to_minor(valuation, card.currency),
        qualified=sum(per_day.values()),
        estimated=sum(row.estimated for row in rows if row.verdict == Verdict.QUALIFIED),
        gpts=_sum_by_gpt(valuation, names, is_pool),
        unpaid=[
            UnpaidCount(verdict, count)
            for verdict, count in sorted(unpaid.items(), key=lambda item: -item[1])
        ],
        days=sorted(per_day.items()),
    )


def _build_counts(rows: list[UsageRollup]) -> list[UsageCount]:
    """Return rollup rows summed over days, workspaces and paid or free users, as the close counts them."""
    sums: dict[tuple[int, int, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        origin = f"{row.day:%Y-%m}"
        units = sums[row.payee_id, row.gpt_id, row.category, row.verdict, origin]
        for index, value in enumerate((row.conversations, row.messages, row.input_tokens, row.output_tokens)):
            units[index] += value
    return [
        UsageCount(
            payee_id, gpt_id, category, verdict, conversations, messages, tokens_in, tokens_out, origin
        )
        for (payee_id, gpt_id, category, verdict, origin), (
            conversations,
            messages,
            tokens_in,
            tokens_out,
        ) in sums.items()
    ]


def _round_to_minor(valuation: Valuation, currency: str) -> int:
    return micros_to_minor(sum(line.amount_micros for line in valuation.lines), currency)


def _sum_by_gpt(valuation: Valuation, names: dict[int, str], is_pool: bool) -> list[GPTEstimate]:
    units: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in valuation.lines:
        own = units[line.count.gpt_id]
        if line.count.verdict == Verdict.QUALIFIED:
            own[0] += line.count.conversations
            own[1] += line.count.messages
        else:
            own[2] += line.count.messages
        own[3] += line.amount_minor
    rows = [
        GPTEstimate(
            gpt_id, names.get(gpt_id, f"GPT {gpt_id}"), conversations, messages, unpaid,
            None if is_pool else amount,
        )
        for gpt_id, (conversations, messages, unpaid, amount) in units.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-(row.amount_minor or 0), -row.messages, row.name))
