"""Holding, counting and giving back what a turn uses of the budgets that apply to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from gpts.assistants.models import GPT
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import TurnInput
from gpts.metering.models import BudgetReservation, BudgetUse
from gpts.metering.services.refusals import BudgetExceeded, Room, refusal_of
from gpts.metering.services.usage import cost_micros
from gpts.metering.services.warnings import warn_of_soft_limit
from gpts.metering.states import BudgetMeasure
from gpts.metering.windows import window_start
from workspaces.models import User

# An answer's share of an estimate; models that are set to write less are held to that.
EXPECTED_OUTPUT_TOKENS = 1_000
CHARACTERS_PER_TOKEN = 3
# A reservation whose turn does not run any more is given back after this long.
STALE_AFTER = timedelta(minutes=10)

FindRunning = Callable[[Collection[UUID]], Iterable[UUID]]


@dataclass(frozen=True)
class Reservation:
    """What a turn holds; ``count`` budgets apply to it, 0 in most workspaces."""

    turn_id: UUID
    count: int


@dataclass(frozen=True)
class _Limit:
    """A budget that applies to a turn, as the query below returns it."""

    id: int
    name: str
    workspace_id: int
    workspace_name: str
    is_each: bool
    user_id: int | None
    measure: str
    window: str
    hard_limit: int | None


# Fixed SQL, as a reader waits: budgets of the place that pays, and those of the GPT's makers on it. Locked so
# that none is removed before the counters that refer to it are committed.
_APPLYING = """
    SELECT b.id, b.name, b.workspace_id, w.name, b.is_each, b.user_id, b.measure, b."window", b.hard_limit
      FROM gpts_budget b JOIN workspaces_workspace w ON w.id = b.workspace_id
     WHERE b.is_enabled AND b.workspace_id IN (%(place)s, %(maker)s)
       AND ((b.subject = 'gpt' AND b.gpt_id = %(gpt)s)
            OR (b.workspace_id = %(place)s AND (
                 b.subject = 'workspace'
                 OR (b.subject = 'person' AND (b.is_each OR b.user_id = %(user)s))
                 OR (b.subject = 'group' AND EXISTS (
                       SELECT 1 FROM workspaces_groupmember gm JOIN workspaces_member m ON m.id = gm.member_id
                        WHERE gm.group_id = b.group_id AND m.user_id = %(user)s)))))
     ORDER BY b.id
       FOR KEY SHARE OF b
"""

# One statement a counter: made when it is missing, raised only while the hard limit holds.
_HOLD = """
    INSERT INTO gpts_budgetuse AS u (budget_id, workspace_id, user_id, window_start, used, reserved)
    SELECT %(budget)s, %(workspace)s, %(user)s, %(start)s, 0, %(amount)s
     WHERE %(hard)s::bigint IS NULL OR %(amount)s <= %(hard)s::bigint
    ON CONFLICT (budget_id, window_start, user_id) DO UPDATE SET reserved = u.reserved + excluded.reserved
     WHERE %(hard)s::bigint IS NULL OR u.used + u.reserved + excluded.reserved <= %(hard)s::bigint
    RETURNING u.id
"""


def characters_of(given: TurnInput) -> int:
    """How much text a model gets to read for one answer, for ``estimate``."""
    said = (m.content for m in given.history)
    quoted = (p.text for p in given.passages)
    return sum(map(len, (given.instructions, given.text, *said, *quoted)))


def estimate(model: LanguageModel | None, characters: int) -> tuple[int, int]:
    """Return tokens and micro-units that an answer to a prompt of so many characters may take."""
    prompt = characters // CHARACTERS_PER_TOKEN + 1
    answer = EXPECTED_OUTPUT_TOKENS if model is None else min(model.max_output_tokens, EXPECTED_OUTPUT_TOKENS)
    return prompt + answer, cost_micros(model, input_tokens=prompt, output_tokens=answer)


def reserve(
    *,
    user: User,
    workspace_id: int,
    gpt: GPT,
    turn_id: UUID,
    estimated_tokens: int,
    estimated_micros: int,
    at: datetime,
) -> Reservation:
    """Hold the estimate in every budget that applies to a turn of ``user`` in the workspace that pays.

    Raises BudgetExceeded (``budget_exceeded``, or ``rate_limited`` for windows of a minute) when a hard limit
    has no room, and holds nothing then. One query where there are no budgets. Counters are locked in the
    order of the budgets until the caller's transaction ends, so call it shortly before commit.
    """
    limits = _limits(user, workspace_id, gpt)
    if not limits:
        return Reservation(turn_id, 0)
    amounts = {
        BudgetMeasure.COST: estimated_micros,
        BudgetMeasure.TOKENS: estimated_tokens,
        BudgetMeasure.TURNS: 1,
    }
    with transaction.atomic():
        for limit in limits:
            amount = amounts[BudgetMeasure(limit.measure)]
            use_id = _hold(limit, user, amount, at)
            if use_id is None:
                raise _refusal(limit, user, amount, is_member=limit.workspace_id == workspace_id, at=at)
            BudgetReservation.objects.create(
                turn_id=turn_id, user=user, budget_id=limit.id, use_id=use_id, amount=amount, created_at=at
            )
    return Reservation(turn_id, len(limits))


def _limits(user: User, workspace_id: int, gpt: GPT) -> list[_Limit]:
    values = {"place": workspace_id, "maker": gpt.workspace_id, "gpt": gpt.pk, "user": user.pk}
    with connection.cursor() as cursor:
        cursor.execute(_APPLYING, values)
        return [_Limit(*row) for row in cursor.fetchall()]


def _hold(limit: _Limit, user: User, amount: int, at: datetime) -> int | None:
    values = {
        "budget": limit.id,
        "workspace": limit.workspace_id,
        "user": user.pk if _is_personal(limit) else None,
        "start": window_start(limit.window, at),
        "amount": amount,
        "hard": limit.hard_limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, values)
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def _is_personal(limit: _Limit) -> bool:
    return limit.is_each or limit.user_id is not None


def _refusal(limit: _Limit, user: User, amount: int, *, is_member: bool, at: datetime) -> BudgetExceeded:
    assert limit.hard_limit is not None  # only a hard limit refuses
    whose = Q(user=user) if _is_personal(limit) else Q(user__isnull=True)
    counter = BudgetUse.objects.filter(whose, budget_id=limit.id, window_start=window_start(limit.window, at))
    used = counter.values_list(F("used") + F("reserved"), flat=True).first() or 0
    return refusal_of(
        Room(
            name=limit.name,
            workspace=limit.workspace_name,
            measure=limit.measure,
            window=limit.window,
            hard_limit=limit.hard_limit,
            used=used,
            needed=amount,
            is_own=_is_personal(limit),
            is_member=is_member,
        ),
        at=at,
    )


@transaction.atomic
def capture(*, turn_id: UUID, tokens: int, cost_micros: int, at: datetime) -> int:
    """Count what a turn really used and give back what it held; returns how many budgets counted it.

    Exactly once: the reservation goes with it, a second call finds none. The last answer may end above its
    estimate, and a counter so above its hard limit; then the next one is refused. Leaves a note to the
    admins, and to the person whose count it is, the first time a window passes its soft limit.
    """
    amounts = {BudgetMeasure.COST: cost_micros, BudgetMeasure.TOKENS: tokens, BudgetMeasure.TURNS: 1}
    held = _take(turn_id)
    for budget_id, use_id, measure, amount in held:
        _count(use_id, held=amount, used=amounts[BudgetMeasure(measure)])
        warn_of_soft_limit(budget_id=budget_id, use_id=use_id, at=at)
    return len(held)


@transaction.atomic
def release(*, turn_id: UUID) -> int:
    """Give back what a turn held, for one that failed; returns how many budgets had held it. Idempotent."""
    held = _take(turn_id)
    for _budget_id, use_id, _measure, amount in held:
        _count(use_id, held=amount, used=0)
    return len(held)


def release_stale(*, at: datetime, running: Iterable[FindRunning]) -> int:
    """Give back what is held for turns that do not run any more; returns how many turns.

    Whatever ends normally captures or releases its reservation, so this finds only what a broken-off request
    left. ``running`` are functions of the packages that run turns: each returns those of the ids that run.
    """
    old = (
        BudgetReservation.objects.filter(created_at__lt=at - STALE_AFTER)
        .order_by()
        .values_list("turn_id", flat=True)
        .distinct()
    )
    waiting = set(old)
    alive = {turn_id for find in running for turn_id in find(waiting)}
    return sum(release(turn_id=turn_id) > 0 for turn_id in sorted(waiting - alive))


def _take(turn_id: UUID) -> Sequence[tuple[int, int, str, int]]:
    """Remove the turn's reservations; (budget, counter, measure, amount) by budget, as they were locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM gpts_budgetreservation r USING gpts_budget b"
            " WHERE r.turn_id = %s AND b.id = r.budget_id"
            " RETURNING r.budget_id, r.use_id, b.measure, r.amount",
            [turn_id],
        )
        return sorted(cursor.fetchall())


def _count(use_id: int, *, held: int, used: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gpts_budgetuse SET reserved = reserved - %s, used = used + %s WHERE id = %s",
            [held, used, use_id],
        )
