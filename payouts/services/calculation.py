"""Calculating a month from its raw events. Read-only, so that it can be repeated and compared."""

from __future__ import annotations

from django.db import connection
from django.db.models import Sum

from core.periods import Period
from gpts.assistants.models import GPT
from payouts.models import AccountingPeriod, RateCard, RollupState, UsageRollup
from payouts.services.classification import LATE_DAYS, UsageCount, count_units
from payouts.services.periods import GRACE
from payouts.services.rate_cards import get_first_month, get_rate_card
from payouts.services.valuation import CardTerms, Valuation, value_month

# Late usage is at most LATE_DAYS old when it arrives, and an accounting month takes arrivals up to GRACE
# after its end. Together that is less than two months (at least 59 days): two earlier months are enough.
ORIGINS_BEFORE = 2
assert LATE_DAYS + GRACE.days < 59


def build_card_terms(card: RateCard) -> CardTerms:
    return CardTerms(
        version=card.version,
        rule=card.rule,
        currency=card.currency,
        pool_minor=card.pool_minor,
        rates={(line.unit, line.category): line.amount_micros for line in card.lines.all()},
    )


def calculate_month(period: Period, card: RateCard) -> Valuation:
    """Return the month's valuation from the raw events below the rollup's watermark."""
    return value_month(
        month=str(period),
        counts=_counts(period, card),
        terms=build_card_terms(card),
        origin_terms=lambda origin: build_card_terms(get_rate_card(Period.parse(origin))),
        carried_in_minor=_get_carried_in(period),
    )


def _counts(period: Period, card: RateCard) -> list[UsageCount]:
    watermark = get_watermark()
    counts: list[UsageCount] = []
    first, origin = get_first_month(), period
    for _step in range(ORIGINS_BEFORE + 1):
        if origin < first:
            break
        rules = card if origin == period else get_rate_card(origin)
        counts += count_units(origin=origin, accounted=period, card=rules, watermark=watermark)
        origin = origin.previous()
    return counts


def get_watermark() -> str:
    """Return the rollup's transaction id (xid8); "0" before its first run."""
    state = RollupState.objects.filter(singleton=True).first()
    return "0" if state is None else str(int(state.watermark))


def has_unseen_events(period: Period) -> bool:
    """Return whether the month has in-time events that the rollup has not classified."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM gpts_usageevent WHERE occurred_at >= %s AND occurred_at < %s"
            " AND received_at < %s AND xact >= %s::text::xid8)",
            [period.start, period.end, period.end + GRACE, get_watermark()],
        )
        return bool(cursor.fetchone()[0])


def compute_rollup_difference(period: Period, valuation: Valuation) -> int:
    """Return by how many messages rollup and raw events differ, summed over payee, GPT and verdict."""
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


def get_gpt_names(ids: set[int]) -> dict[int, str]:
    return dict(GPT.objects.filter(pk__in=ids).values_list("pk", "name"))


def _get_carried_in(period: Period) -> int:
    """Return what the last earlier month carried; months in which the server was off have no row."""
    before = AccountingPeriod.objects.filter(month__lt=str(period)).order_by("-month").first()
    return 0 if before is None else before.carried_minor
