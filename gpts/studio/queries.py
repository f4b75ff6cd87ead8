"""Reading the Create conversation of a person with the builder."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.assistants.models import GPT
from gpts.chat.states import MessageRole
from gpts.chat.streaming.lost import find_lost_turns
from gpts.llm.states import TurnState
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.states import BuilderChangeState

SHOWN_MESSAGES = 200


def builder_messages(user: Any, gpt: GPT) -> list[BuilderMessage]:
    """The newest messages of the person's conversation about a GPT, oldest first, ``changes`` at hand."""
    found = _shown(user, gpt).prefetch_related("changes").order_by("-id")[:SHOWN_MESSAGES]
    return list(reversed(found))


def running_answer(user: Any, gpt: GPT) -> BuilderMessage | None:
    """The builder's answer to this person that has not ended."""
    return _shown(user, gpt).filter(role=MessageRole.ASSISTANT, state=TurnState.RUNNING).first()


def told_answers(user: Any, gpt: GPT) -> dict[str, str]:
    """What the person answered to each question of the guided interview, the latest answer of each."""
    told: dict[str, str] = {}
    step = ""
    for message in _shown(user, gpt).order_by("id"):
        if message.role == MessageRole.ASSISTANT:
            step = message.step
        else:
            told[step or "purpose"] = message.content
    return told


def undone_fields(user: Any, gpt: GPT) -> list[str]:
    """Fields whose latest change the person took back."""
    latest: dict[str, str] = {}
    rows = BuilderChange.objects.filter(
        gpt=gpt, user_id=user.pk, state__in=(BuilderChangeState.APPLIED, BuilderChangeState.UNDONE)
    )
    for field, state in rows.order_by("id").values_list("field", "state"):
        latest[field] = state
    return sorted(field for field, state in latest.items() if state == BuilderChangeState.UNDONE)


def is_lost(message: BuilderMessage, now: datetime) -> bool:
    """Whether the process that wrote this answer is gone."""
    if message.state != TurnState.RUNNING:
        return False
    return bool(find_lost_turns({message.pk: message.created_at}, at=now))


def find_lost_answers(now: datetime) -> list[BuilderMessage]:
    """Running answers whose process is gone, of everybody whom the scope shows."""
    running = {row.pk: row for row in BuilderMessage.objects.filter(state=TurnState.RUNNING)}
    lost = find_lost_turns({pk: row.created_at for pk, row in running.items()}, at=now)
    return [running[pk] for pk in sorted(lost)]


def count_running_answers(user: Any, now: datetime) -> int:
    """How many answers of the person's Create conversations run, about whichever GPT; lost ones do not."""
    running = BuilderMessage.objects.filter(user_id=user.pk, state=TurnState.RUNNING)
    started = dict(running.values_list("pk", "created_at"))
    return len(started) - len(find_lost_turns(started, at=now))


def access_builder_message(user: Any, gpt: GPT, identifier: UUID) -> BuilderMessage:
    """Return a message of the person's own conversation about an authorised GPT, or NotFound."""
    found = _shown(user, gpt).filter(pk=identifier).first()
    if found is None:
        raise NotFound(_("There is no such message."), code="message_not_found")
    return found


def access_builder_change(user: Any, gpt: GPT, identifier: int) -> BuilderChange:
    """Return a change that the builder made for this person in an authorised GPT, or NotFound."""
    found = (
        BuilderChange.objects.filter(pk=identifier, gpt=gpt, user_id=user.pk).first()
        if 0 < identifier < 2**63
        else None
    )
    if found is None:
        raise NotFound(_("There is no such change."), code="change_not_found")
    found.gpt = gpt
    return found


def builder_cost(gpt: GPT, user: Any) -> dict[str, int]:
    """Tokens and micro-units that the person's Create conversations about a GPT took, resets included."""
    rows = BuilderMessage.objects.filter(gpt=gpt, user_id=user.pk)
    sums = rows.aggregate(
        input_tokens=Sum("input_tokens", default=0),
        output_tokens=Sum("output_tokens", default=0),
        cost_micros=Sum("cost_micros", default=0),
    )
    return {name: int(value) for name, value in sums.items()}


def _shown(user: Any, gpt: GPT) -> QuerySet[BuilderMessage]:
    return BuilderMessage.objects.filter(gpt=gpt, user_id=user.pk, cleared_at__isnull=True)


def find_running_answers(ids: Collection[UUID]) -> set[UUID]:
    """Which of these answers of the Create conversation are running."""
    return set(
        BuilderMessage.objects.filter(pk__in=ids, state=TurnState.RUNNING).values_list("pk", flat=True)
    )
