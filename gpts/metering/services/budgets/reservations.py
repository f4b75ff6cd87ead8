"""Reserves an estimate in the budgets that apply to an answer, then counts what it used or gives it back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core.errors import LimitUnreadable
from core.scope import current_scope
from gpts.assistants.models import GPT
from gpts.llm.catalogue import is_foreign
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.turns import MAX_ROUNDS
from gpts.llm.runtime.types import TurnInput
from gpts.metering.models import Budget, BudgetReservation, BudgetUse
from gpts.metering.services.budgets.refusals import BudgetExceeded, build_refusal
from gpts.metering.services.budgets.thresholds import tell_of_threshold
from gpts.metering.services.budgets.warnings import warn_of_soft_limit
from gpts.metering.services.usage import calculate_cost_micros
from gpts.metering.states import BudgetMeasure, BudgetSubject
from gpts.metering.windows import get_window_bounds
from workspaces.models import User
from workspaces.queries import place_member

# Estimated length of an answer, unless the model is set to write less.
EXPECTED_OUTPUT_TOKENS = 1_000
CHARACTERS_PER_TOKEN = 3
# Of what an answer reserved, it counts at most so many times as much when a stranger counts or prices it.
OVERRUN = 2
# Reservations older than this are released if their turn is not running.
STALE_AFTER = timedelta(minutes=10)

FindRunning = Callable[[Collection[UUID]], Iterable[UUID]]


@dataclass(frozen=True)
class Reservation:
    """What a turn holds; ``count`` budgets apply to it, 0 in most workspaces."""

    turn_id: UUID
    count: int


# Budgets of the workspace that pays, and those that the GPT's workspace set on this GPT. Written as SQL
# because Django has no FOR KEY SHARE: it keeps a budget from being removed before the counters that refer
# to it commit. Which cost centre the person's use is charged to is decided in one place, place_member.
_APPLYING_BUDGETS = """
    SELECT b.id, b.name, b.workspace_id, b.subject, b.is_each, b.user_id, b.cost_centre, b.measure,
           b."window", b.hard_limit
      FROM gpts_budget b
     WHERE b.is_enabled AND b.workspace_id IN (%(payer)s, %(gpt_workspace)s)
       AND ((b.subject = 'gpt' AND b.gpt_id = %(gpt)s)
            OR (b.workspace_id = %(payer)s AND (
                 b.subject IN ('workspace', 'cost_centre')
                 OR (b.subject = 'person' AND (b.is_each OR b.user_id = %(user)s))
                 OR (b.subject = 'group' AND EXISTS (
                       SELECT 1 FROM workspaces_groupmember gm JOIN workspaces_member m ON m.id = gm.member_id
                        WHERE gm.group_id = b.group_id AND m.user_id = %(user)s)))))
     ORDER BY b.id
       FOR KEY SHARE OF b
"""

# Creates the counter or raises it, in one statement, and returns no row if that would pass the hard limit.
_RESERVE = """
    INSERT INTO gpts_budgetuse AS u (budget_id, workspace_id, user_id, window_start, used, reserved)
    SELECT %(budget)s, %(workspace)s, %(user)s, %(start)s, 0, %(amount)s
     WHERE %(hard)s::bigint IS NULL OR %(amount)s <= %(hard)s::bigint
    ON CONFLICT (budget_id, window_start, user_id) DO UPDATE SET reserved = u.reserved + excluded.reserved
     WHERE %(hard)s::bigint IS NULL OR u.used + u.reserved + excluded.reserved <= %(hard)s::bigint
    RETURNING u.id
"""


def count_prompt_characters(turn_input: TurnInput) -> int:
    """Return how much text a model reads for one answer, for ``estimate_usage``."""
    history = (message.content for message in turn_input.history)
    passages = (passage.text for passage in turn_input.passages)
    return sum(map(len, (turn_input.instructions, turn_input.text, *history, *passages)))


def estimate_usage(model: LanguageModel | None, characters: int) -> tuple[int, int]:
    """Return the tokens and micro-units that an answer to a prompt of so many characters may take."""
    prompt = characters // CHARACTERS_PER_TOKEN + 1
    answer = EXPECTED_OUTPUT_TOKENS if model is None else min(model.max_output_tokens, EXPECTED_OUTPUT_TOKENS)
    return prompt + answer, calculate_cost_micros(model, input_tokens=prompt, output_tokens=answer)


def estimate_largest(model: LanguageModel | None, workspace_id: int) -> tuple[int, int] | None:
    """Return the most tokens and micro-units that one answer can honestly take; ``workspace_id`` pays.

    That is every round with a full window. None for a model of another workspace, which sets its price and
    counts its tokens: for it OVERRUN times the estimate is the most.
    """
    if model is None or is_foreign(model, workspace_id):
        return None
    sent, received = MAX_ROUNDS * model.context_window, MAX_ROUNDS * model.max_output_tokens
    return sent + received, calculate_cost_micros(model, input_tokens=sent, output_tokens=received)


def reserve(
    *,
    user: User,
    workspace_id: int,
    gpt: GPT,
    turn_id: UUID,
    estimated_tokens: int,
    estimated_micros: int,
    at: datetime,
    largest: tuple[int, int] | None = None,
) -> Reservation:
    """Reserve the estimate in every budget that applies to a turn of ``user``; ``workspace_id`` pays.

    ``largest`` (tokens, micro-units) is what may be captured at most, by default OVERRUN times the estimate.

    Raises BudgetExceeded (``budget_exceeded``, or ``rate_limited`` for windows of a minute) when a hard limit
    has no room, and reserves nothing then. One query where there are no budgets. Counters are locked in the
    order of the budgets until the caller's transaction ends, so call it shortly before commit.

    Raises LimitUnreadable when the scope does not include the workspace that pays: row-level security would
    hide its budgets, and hidden budgets must not count as none.
    """
    _check_readable(workspace_id)
    budgets = _list_applying_budgets(user, workspace_id, gpt)
    if not budgets:
        return Reservation(turn_id, 0)
    amounts = _build_amounts(tokens=estimated_tokens, cost_micros=estimated_micros)
    most = None if largest is None else _build_amounts(tokens=largest[0], cost_micros=largest[1])
    with transaction.atomic():
        for budget in budgets:
            amount = amounts[budget.measure]
            use_id = _reserve_in_counter(budget, user, amount, at)
            if use_id is None:
                raise _refuse(budget, user, amount, is_member=budget.workspace_id == workspace_id, at=at)
            BudgetReservation.objects.create(
                turn_id=turn_id,
                user=user,
                budget=budget,
                use_id=use_id,
                amount=amount,
                largest=None if most is None else max(most[budget.measure], amount),
                created_at=at,
            )
    return Reservation(turn_id, len(budgets))


def _check_readable(workspace_id: int) -> None:
    scope = current_scope()
    if not scope.system and workspace_id not in scope.workspace_ids:
        raise LimitUnreadable(
            _("The limits of the workspace that pays cannot be read, so nothing was started. Start again."),
            code="limit_unreadable",
        )


def _build_amounts(*, tokens: int, cost_micros: int) -> dict[str, int]:
    """Return how much one answer adds to a counter, for each measure."""
    return {BudgetMeasure.COST: cost_micros, BudgetMeasure.TOKENS: tokens, BudgetMeasure.TURNS: 1}


def _list_applying_budgets(user: User, workspace_id: int, gpt: GPT) -> list[Budget]:
    values = {"payer": workspace_id, "gpt_workspace": gpt.workspace_id, "gpt": gpt.pk, "user": user.pk}
    found = list(Budget.objects.raw(_APPLYING_BUDGETS, values))
    if all(budget.subject != BudgetSubject.COST_CENTRE for budget in found):
        return found
    code = place_member(workspace_id, user.pk).cost_centre
    return [budget for budget in found if budget.cost_centre in ("", code)]


def _reserve_in_counter(budget: Budget, user: User, amount: int, at: datetime) -> int | None:
    """Return the counter's id, None where the hard limit has no room."""
    values = {
        "budget": budget.pk,
        "workspace": budget.workspace_id,
        "user": user.pk if budget.has_personal_counters else None,
        "start": get_window_bounds(budget.window, at).start,
        "amount": amount,
        "hard": budget.hard_limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, values)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _refuse(budget: Budget, user: User, amount: int, *, is_member: bool, at: datetime) -> BudgetExceeded:
    counter = BudgetUse.objects.filter(
        budget=budget,
        user=user if budget.has_personal_counters else None,
        window_start=get_window_bounds(budget.window, at).start,
    )
    used = counter.values_list(F("used") + F("reserved"), flat=True).first() or 0
    return build_refusal(budget, used=used, needed=amount, is_member=is_member, at=at)


@transaction.atomic
def capture(*, turn_id: UUID, tokens: int, cost_micros: int, at: datetime) -> int:
    """Count what a turn used in place of its reservation; returns how many budgets counted it.

    Idempotent: the reservation is deleted with it, so a second call finds none. An answer may use more than
    its estimate and so take a counter above its hard limit; then the next one is refused. It never counts
    more than the reservation allows (``largest``), whatever numbers a provider sent. The first answer
    of a window that passes a soft limit notifies the admins and the person whose counter it is, and the first
    that passes a threshold the admins.
    """
    amounts = _build_amounts(tokens=tokens, cost_micros=cost_micros)
    taken = _take_reservations(turn_id)
    for budget_id, use_id, measure, reserved, largest, has_thresholds in taken:
        most = OVERRUN * reserved if largest is None else largest
        _settle(use_id, reserved=reserved, used=min(amounts[measure], most))
        warn_of_soft_limit(budget_id=budget_id, use_id=use_id, at=at)
        if has_thresholds:
            tell_of_threshold(use_id=use_id, at=at)
    return len(taken)


@transaction.atomic
def release(*, turn_id: UUID) -> int:
    """Give back what a failed turn reserved; returns in how many budgets. Idempotent."""
    taken = _take_reservations(turn_id)
    for _budget_id, use_id, _measure, reserved, *_rest in taken:
        _settle(use_id, reserved=reserved, used=0)
    return len(taken)


def release_stale(*, at: datetime, running: Iterable[FindRunning]) -> int:
    """Release reservations of turns that are not running any more; returns of how many turns.

    A turn that ends normally captures or releases its own, so this finds only those of lost requests.
    ``running`` are functions of the packages that run turns: each returns those of the ids that are running.
    """
    old = (
        BudgetReservation.objects.filter(created_at__lt=at - STALE_AFTER)
        .order_by()
        .values_list("turn_id", flat=True)
        .distinct()
    )
    candidates = set(old)
    alive = {turn_id for find in running for turn_id in find(candidates)}
    return sum(release(turn_id=turn_id) > 0 for turn_id in sorted(candidates - alive))


def _take_reservations(turn_id: UUID) -> Sequence[tuple[int, int, str, int, int | None, bool]]:
    """Delete the turn's reservations.

    Returns (budget, counter, measure, amount, largest, whether it has thresholds) in the order of budgets.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM gpts_budgetreservation r USING gpts_budget b"
            " WHERE r.turn_id = %s AND b.id = r.budget_id"
            " RETURNING r.budget_id, r.use_id, b.measure, r.amount, r.largest, b.thresholds <> '{}'",
            [turn_id],
        )
        return sorted(cursor.fetchall(), key=lambda row: row[:2])


def _settle(use_id: int, *, reserved: int, used: int) -> None:
    BudgetUse.objects.filter(pk=use_id).update(reserved=F("reserved") - reserved, used=F("used") + used)
