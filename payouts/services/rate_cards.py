"""Rate cards: finding the one for a month, and creating the next version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core.audit import compare, record
from core.errors import Conflict, InvalidInput, NotFound
from core.money import Micros, currency_exponent
from core.periods import Period
from core.text import clean_line
from gpts.assistants.states import Category
from payouts.models import AccountingPeriod, RateCard, RateCardLine
from payouts.states import PeriodState, Rule, Unit
from workspaces.models import User

# Creators are told of new rates this long before they apply.
NOTICE = timedelta(days=14)
_CARD_LOCK = 0x10661B


@dataclass(frozen=True)
class RateTerms:
    """Terms of a new card apart from its rates. Amounts are minor units; 0 means no cap."""

    rule: str = Rule.FIXED_RATE
    pool_minor: int = 0
    minimum_output_tokens: int = 20
    cap_user_gpt_day: int = 0
    cap_user_month: int = 0
    automation_per_day: int = 400
    pays_free_users: bool = True
    hold_days: int = 0
    minimum_payout_minor: int = 1000


def get_rate_card(period: Period) -> RateCard:
    """Return the newest card whose first month is ``period`` or earlier; raises NotFound if none is."""
    card = (
        RateCard.objects.prefetch_related("lines")
        .filter(first_month__lte=str(period))
        .order_by("-first_month", "-version")
        .first()
    )
    if card is None:
        raise NotFound(
            _("No rate card holds for %(month)s. Write one under Rules.") % {"month": period},
            code="rate_card_missing",
        )
    return card


def get_first_month() -> Period:
    """Return the month from which the oldest rates apply: nothing is earned before.

    There always is a card: a migration adds the first one, and the table is append-only.
    """
    return Period.parse(RateCard.objects.earliest("first_month").first_month)


def create_rate_card(
    *,
    currency: str,
    first_month: str,
    rates: Mapping[tuple[str, str], Micros],
    terms: RateTerms,
    note: str,
    by: User,
    at: datetime,
) -> RateCard:
    """Create the next version, valid from ``first_month`` (YYYY-MM); ``rates`` by (unit, category or "").

    Rates are micro-units. Takes an advisory lock, so that versions are consecutive; records one audit
    event. Raises InvalidInput for invalid terms, Conflict for a first month that starts in less than 14
    days or is calculated or closed already.
    """
    start = Period.parse(first_month)
    currency_exponent(currency)
    _check_terms(terms, rates)
    if start.start < at + NOTICE:
        raise Conflict(
            _("New rates need 14 days' notice. Choose a month that begins later."),
            code="notice_too_short",
            field="first_month",
        )
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CARD_LOCK])
        _check_month_is_not_calculated(start)
        newest = RateCard.objects.latest("version")  # a migration adds the first one
        card = RateCard.objects.create(
            version=newest.version + 1,
            currency=currency,
            first_month=str(start),
            note=clean_line(note, max_length=300, field="note"),
            created_by=by,
            created_at=at,
            **terms.__dict__,
        )
        RateCardLine.objects.bulk_create(
            RateCardLine(rate_card=card, unit=unit, category=category, amount_micros=amount)
            for (unit, category), amount in sorted(rates.items())
        )
        record(
            action="payouts.rate_card_created", by=by, at=at, subject=card, reason=card.note,
            data={"version": card.version, "first_month": card.first_month, "currency": card.currency},
            changes=_compare_cards(newest, card),
        )  # fmt: skip
    return card


def _compare_cards(before: RateCard, after: RateCard) -> dict[str, tuple[Any, Any]]:
    """Return what a card changes, for the audit log."""
    old, new = _list_terms(before), _list_terms(after)
    return compare(old, new, list(new))


def _list_terms(card: RateCard) -> dict[str, Any]:
    terms = {field.name: getattr(card, field.name) for field in fields(RateTerms)}
    lines = card.lines.order_by("unit", "category")
    return terms | {"rates": {f"{line.unit}/{line.category}": line.amount_micros for line in lines}}


def _check_terms(terms: RateTerms, rates: Mapping[tuple[str, str], Micros]) -> None:
    if terms.rule not in Rule.values:
        raise InvalidInput(_("Choose one of the rules."), code="rule_unknown", field="rule")
    if (terms.rule == Rule.PRO_RATA_POOL) != (terms.pool_minor > 0):
        raise InvalidInput(
            _("A pool needs an amount above zero; fixed rates have none."),
            code="pool_amount",
            field="pool_minor",
        )
    if terms.minimum_payout_minor <= 0:
        raise InvalidInput(
            _("The smallest payout must be above zero."), code="minimum_payout", field="minimum_payout_minor"
        )
    units_and_categories_known = all(
        unit in Unit.values and (category == "" or category in Category.values) for unit, category in rates
    )
    if not units_and_categories_known or any(amount < 0 for amount in rates.values()):
        raise InvalidInput(
            _("A rate is an amount of zero or more for a known unit."), code="rate_invalid", field="rates"
        )
    if not any(amount > 0 for (_unit, category), amount in rates.items() if category == ""):
        raise InvalidInput(
            _("Give at least one general rate above zero."), code="rates_missing", field="rates"
        )


def _check_month_is_not_calculated(start: Period) -> None:
    frozen = AccountingPeriod.objects.filter(month__gte=str(start)).exclude(
        state__in=[PeriodState.OPEN, PeriodState.GRACE]
    )
    if frozen.exists():
        raise Conflict(
            _("That month is calculated already; its rates are frozen."),
            code="period_frozen",
            field="first_month",
        )
