"""Single uses of a GPT for finance: when, who, how much and why, without a word of what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.money import Micros
from core.periods import Period
from marketplace.models import Listing
from marketplace.states import ListingState
from payouts.models import AccountingPeriod, CloseLine
from payouts.services.calculation import build_card_terms, get_watermark
from payouts.services.classification import ClassifiedEvent, UsageCount, list_classified_events
from payouts.services.exclusions import explain_why_kept
from payouts.services.rate_cards import get_rate_card
from payouts.services.valuation import CardTerms, compute_value, get_rate
from payouts.states import PeriodState, Rule, Unit, Verdict
from workspaces.models import User

SIZE = 50


@dataclass(frozen=True)
class AppliedRate:
    """A rate that holds for one use, in micro-units for each of ``unit``."""

    unit: str
    micros: Micros

    @property
    def label(self) -> str:
        return str(Unit(self.unit).label)


@dataclass(frozen=True)
class Use:
    """One usage event with its exact value in micro-units by the month's rate card; 0 unless it is paid.

    ``obstacle`` says why it cannot be excluded; empty when it can.
    """

    event_id: UUID
    occurred_at: datetime
    user_id: int
    user_name: str
    verdict: str
    input_tokens: int
    output_tokens: int
    opens_conversation: bool
    is_estimated: bool
    rates: tuple[AppliedRate, ...]
    amount_micros: Micros
    obstacle: str

    @property
    def label(self) -> str:
        return str(Verdict(self.verdict).label)

    @property
    def is_paid(self) -> bool:
        return self.verdict == Verdict.QUALIFIED


@dataclass(frozen=True)
class UsePage:
    """One page of uses, oldest first; ``following`` is the cursor of the next, empty on the last.

    Of a month with a pool, values are weights: each use gets its share of the pool by them.
    """

    gpt_name: str
    # The address of the GPT's page in the store; empty while it has none.
    slug: str
    currency: str
    is_pool: bool
    uses: list[Use]
    following: str


def get_use_page(
    origin: Period, *, payee_id: int, gpt_id: int, after: str | None, size: int = SIZE
) -> UsePage:
    """Return the uses of one GPT in ``origin``. Seven queries, however many uses."""
    card = get_rate_card(origin)
    found = list_classified_events(
        origin=origin, card=card, watermark=get_watermark(),
        payee_id=payee_id, gpt_id=gpt_id, after=after, limit=size + 1,
    )  # fmt: skip
    events = found[:size]
    month = str(origin)
    is_closed = AccountingPeriod.objects.filter(month=month, state=PeriodState.CLOSED).exists()
    names = dict(
        User.objects.filter(pk__in={event.user_id for event in events}).values_list("pk", "display_name")
    )
    terms = build_card_terms(card)
    uses = [
        _build_use(event, terms, names.get(event.user_id, ""), month=month, is_closed=is_closed)
        for event in events
    ]
    name, slug = _find_gpt(gpt_id)
    return UsePage(
        gpt_name=name,
        slug=slug,
        currency=card.currency,
        is_pool=card.rule == Rule.PRO_RATA_POOL,
        uses=uses,
        following=str(events[-1].event_id) if len(found) > size else "",
    )


def _build_use(event: ClassifiedEvent, terms: CardTerms, name: str, *, month: str, is_closed: bool) -> Use:
    is_paid = event.verdict == Verdict.QUALIFIED
    count = UsageCount(
        payee_id=0, gpt_id=0, category=event.category, verdict=event.verdict,
        conversations=int(event.opens_conversation), messages=1,
        input_tokens=event.input_tokens, output_tokens=event.paid_tokens, origin=month,
    )  # fmt: skip
    return Use(
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        user_id=event.user_id,
        user_name=name,
        verdict=event.verdict,
        input_tokens=event.input_tokens,
        output_tokens=event.output_tokens,
        opens_conversation=event.opens_conversation,
        is_estimated=event.is_estimated,
        rates=_list_rates(event, terms) if is_paid else (),
        amount_micros=compute_value(count, terms) if is_paid else 0,
        obstacle=explain_why_kept(verdict=event.verdict, month=month, is_closed=is_closed),
    )


def _list_rates(event: ClassifiedEvent, terms: CardTerms) -> tuple[AppliedRate, ...]:
    units = (
        *((Unit.CONVERSATION,) if event.opens_conversation else ()),
        Unit.MESSAGE,
        *((Unit.TOKENS,) if event.paid_tokens else ()),
    )
    rates = (AppliedRate(unit, get_rate(terms, unit, event.category)) for unit in units)
    return tuple(rate for rate in rates if rate.micros)


def _find_gpt(gpt_id: int) -> tuple[str, str]:
    """Return the GPT's name, as the newest calculated run or the store knows it, and its store address."""
    listing = Listing.objects.filter(gpt_id=gpt_id).values_list("name", "slug", "state").first()
    if listing is not None:
        name, slug, state = listing
        return name, slug if state == ListingState.LISTED else ""
    counted = CloseLine.objects.filter(gpt_id=gpt_id).order_by("-pk").values_list("gpt_name", flat=True)
    return counted.first() or "", ""
