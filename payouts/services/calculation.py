"""Calculating a month from its raw events: reads only, so that it can be repeated and compared."""

from __future__ import annotations

from django.db import connection
from django.db.models import Sum

from core.periods import Period
from gpts.assistants.models import GPT
from payouts.models import AccountingPeriod, RateCard, RollupState, UsageRollup
from payouts.services.calendar import GRACE
from payouts.services.classification import LATE_DAYS, Count, count_units
from payouts.services.rates import card_for
from payouts.services.valuation import CardTerms, Valuation, value_month

# Late use reaches back 35 days from the last moment that a month settles: never past two months before.
ORIGINS_BEFORE = 2
assert LATE_DAYS + GRACE.days < 59


def terms_of(card: RateCard) -> CardTerms:
    return CardTerms(
        version=card.version,
        rule=card.rule,
        currency=card.currency,
        pool_minor=card.pool_minor,
        rates={(line.unit, line.category): line.amount_micros for line in card.lines.all()},
    )


def calculate_month(period: Period, card: RateCard) -> Valuation:
    """Return the month's valuation from raw events up to the rollup's watermark."""
    return value_month(
        month=str(period),
        counts=_counts(period, card),
        terms=terms_of(card),
        origin_terms=lambda origin: terms_of(card_for(Period.parse(origin))),
        carried_in_minor=_carried_into(period),
    )


def _counts(period: Period, card: RateCard) -> list[Count]:
    watermark = current_watermark()
    counts: list[Count] = []
    origin = period
    for _step in range(ORIGINS_BEFORE + 1):
        rules = card if origin == period else card_for(origin)
        counts += count_units(origin=origin, accounted=period, card=rules, watermark=watermark)
        origin = origin.previous()
    return counts


def current_watermark() -> str:
    state = RollupState.objects.filter(singleton=True).first()
    return "0" if state is None else str(int(state.watermark))


def has_unseen_events(period: Period) -> bool:
    """Tell whether events of the month have come that the rollup has not judged."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM gpts_usageevent WHERE occurred_at >= %s AND occurred_at < %s"
            " AND received_at < %s AND xact >= %s::text::xid8)",
            [period.start, period.end, period.end + GRACE, current_watermark()],
        )
        return bool(cursor.fetchone()[0])


def rollup_difference(period: Period, valuation: Valuation) -> int:
    """Return by how many uses the rollup and the raw events disagree, over payee, GPT and verdict."""
    rolled: dict[tuple[int, int, str], int] = {}
    for payee_id, gpt_id, verdict, messages in (
        UsageRollup.objects.filter(month=str(period))
        .values_list("payee_id", "gpt_id", "verdict")
        .annotate(total=Sum("messages"))
    ):
        rolled[payee_id, gpt_id, verdict] = messages
    for line in valuation.lines:
        key = (line.count.payee_id, line.count.gpt_id, line.count.verdict)
        rolled[key] = rolled.get(key, 0) - line.count.messages
    return sum(abs(difference) for difference in rolled.values())


def names_of_gpts(ids: set[int]) -> dict[int, str]:
    return dict(GPT.objects.filter(pk__in=ids).values_list("pk", "name"))


def _carried_into(period: Period) -> int:
    before = AccountingPeriod.objects.filter(month=str(period.previous())).first()
    return 0 if before is None else before.carried_minor
