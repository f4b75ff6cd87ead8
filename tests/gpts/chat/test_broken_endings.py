"""Whatever breaks while a turn ends: its text is written, it gets an end, and the conversation goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from core.errors import Conflict
from gpts.chat.models import Message, Turn
from gpts.chat.services import turns as turn_services
from gpts.chat.states import MessageRole
from gpts.chat.streaming import chat_turn
from gpts.chat.streaming.begin import Requester, begin_first_turn, begin_next_turn
from gpts.chat.streaming.hub import run_turn_to_end
from gpts.metering.models import BudgetReservation, UsageEvent
from tests.fakes.openai_server import WORDS, ModelServer
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from workspaces.access import scope_for

ANSWER = "".join(WORDS[:5])
# Where an end can break: the module, and the function that it calls there.
STEPS: list[tuple[Any, str]] = [
    (turn_services, "_lock_running_turn"),
    (turn_services, "calculate_cost_micros"),
    (turn_services, "_build_message"),
    (turn_services, "record_usage"),
    (turn_services, "capture"),
    (turn_services, "_count_conversation"),
    (chat_turn, "build_citations"),
    (chat_turn, "finish_turn"),
    (chat_turn, "build_end_frame"),
]
ERRORS = [
    DatabaseError("gone"),
    IntegrityError("broken"),
    OverflowError("too large"),
    Conflict("no", code="busy"),
    TypeError("bug"),
]


def break_once(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, error: Exception) -> None:
    """Let a step of the product raise the first time; the second time it works as always."""
    known: Callable[..., Any] = getattr(place, name)
    broken: list[Exception] = [error]

    def step(*args: Any, **kwargs: Any) -> Any:
        if broken:
            raise broken.pop()
        return known(*args, **kwargs)

    monkeypatch.setattr(place, name, step)


FAULTS = [
    (*step, error)
    for number, step in enumerate(STEPS)
    for error in (ERRORS[number % len(ERRORS)], ERRORS[(number + 2) % len(ERRORS)])
]


@pytest.mark.parametrize(
    ("place", "name", "error"), FAULTS, ids=[f"{n}-{type(e).__name__}" for _p, n, e in FAULTS]
)
def test_the_text_is_written_and_the_turn_ends(
    transactional_db: None,
    model_server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    error: Exception,
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "normal:5"))
    reader = UserFactory.create(display_name="Reader")
    requester = Requester(reader, scope_for(reader), "web", None, "en")
    started = begin_first_turn(requester, gpt.slug, "Hi", "", is_draft=False)
    assert started.job is not None
    break_once(monkeypatch, place, name, error)

    with suppress(type(error)):
        run_turn_to_end(started.job)

    turn = Turn.objects.get()
    assert turn.state in ("finished", "failed")
    assert Message.objects.get(turn=turn, role=MessageRole.ASSISTANT).content == ANSWER
    assert UsageEvent.objects.count() == (turn.state == "finished")
    assert not BudgetReservation.objects.filter(turn_id=turn.pk).exists()
    following = begin_next_turn(requester, turn.conversation_id, "And now?", "")
    assert following.job is not None
    run_turn_to_end(following.job)
    assert list(Turn.objects.order_by("position").values_list("state", flat=True))[1] == "finished"
