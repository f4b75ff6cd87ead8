"""The refusal of an answer for which a budget has no room: whose limit, how much, and when it opens again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core.errors import RateLimited
from gpts.metering.states import BudgetMeasure, BudgetWindow
from gpts.metering.windows import window_end
from gpts.metering.wording import amount_words, limit_words, opening_words


class BudgetExceeded(RateLimited):
    """A hard limit leaves no room for another answer; nothing was written, no model was asked."""


@dataclass(frozen=True)
class Room:
    """What a budget had left when an answer was refused; ``used`` holds what running answers reserve."""

    name: str
    workspace: str
    measure: str
    window: str
    hard_limit: int
    used: int
    needed: int
    is_own: bool
    is_member: bool


def refusal_of(room: Room, *, at: datetime) -> BudgetExceeded:
    """``rate_limited`` for windows of a minute, else ``budget_exceeded``; ``data`` has it all as numbers."""
    end = window_end(room.window, at)
    wait = max(1, int((end - at).total_seconds()) + 1)
    data: dict[str, Any] = {"opens_at": end.isoformat(), "retry_after": wait, "window": room.window}
    words = {"name": room.name, "place": room.workspace, "when": opening_words(end)}
    if not room.is_member:
        # What the GPT's makers spend is not for people from outside.
        text = _("This GPT has reached the limit that its makers set. It answers again from %(when)s.")
        return BudgetExceeded(text % words, code="budget_exceeded", data=data)
    words["limit"] = limit_words(room.hard_limit, room.measure, room.window)
    words["used"] = amount_words(room.used, room.measure)
    words["needed"] = amount_words(room.needed, room.measure)
    data |= {
        "budget": room.name,
        "workspace": room.workspace,
        "measure": room.measure,
        "hard_limit": room.hard_limit,
        "used": room.used,
        "needed": room.needed,
    }
    is_rate = room.window == BudgetWindow.MINUTE and room.measure == BudgetMeasure.TURNS
    text = _too_fast() if is_rate else _used_up(room)
    code = "rate_limited" if room.window == BudgetWindow.MINUTE else "budget_exceeded"
    return BudgetExceeded(text % words, code=code, data=data)


def _too_fast() -> str:
    return _("Too fast: “%(name)s” in %(place)s allows %(limit)s. Wait a moment and send it again.")


def _used_up(room: Room) -> str:
    if room.needed > room.hard_limit:
        return _(
            "“%(name)s” in %(place)s allows %(limit)s, and this answer alone may take %(needed)s."
            " Ask an admin for a higher limit, or start a shorter conversation."
        )
    if room.used < room.hard_limit:
        return (
            _(
                "Your limit “%(name)s” in %(place)s has no room for this answer: of %(limit)s, %(used)s are"
                " used, and it may take %(needed)s. It opens again at %(when)s."
            )
            if room.is_own
            else _(
                "The limit “%(name)s” of %(place)s has no room for this answer: of %(limit)s, %(used)s are"
                " used, and it may take %(needed)s. It opens again at %(when)s."
            )
        )
    if room.is_own:
        return _("Your limit “%(name)s” in %(place)s is used up: %(limit)s. It opens again at %(when)s.")
    return _("The limit “%(name)s” of %(place)s is used up: %(limit)s. It opens again at %(when)s.")
