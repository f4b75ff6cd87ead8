"""Queries for a person's Create conversations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet, Sum

from gpts.assistants.models import GPT
from gpts.chat.states import MessageRole
from gpts.chat.streaming.lost import find_lost_turns
from gpts.llm.states import TurnState
from gpts.studio.models import BuilderChange, BuilderMessage
from gpts.studio.states import BuilderChangeState
from workspaces.models import User

MAX_MESSAGES = 200


def list_create_messages(user: User, gpt: GPT) -> list[BuilderMessage]:
    """Return the newest messages of the person's conversation about a GPT with ``changes``, oldest first."""
    newest = filter_visible_messages(user, gpt).prefetch_related("changes").order_by("-id")[:MAX_MESSAGES]
    return list(reversed(newest))


def get_running_answer(user: User, gpt: GPT) -> BuilderMessage | None:
    """Return the answer to this person about a GPT that has not ended, or None."""
    return (
        filter_visible_messages(user, gpt).filter(role=MessageRole.ASSISTANT, state=TurnState.RUNNING).first()
    )


def get_interview_answers(user: User, gpt: GPT) -> dict[str, str]:
    """Return the person's latest answer to each question of the guided interview, by the question's key."""
    answers: dict[str, str] = {}
    step = ""
    for message in filter_visible_messages(user, gpt).order_by("id"):
        if message.role == MessageRole.ASSISTANT:
            step = message.step
        else:
            answers[step or "purpose"] = message.content
    return answers


def list_undone_fields(user: User, gpt: GPT) -> list[str]:
    """Return the fields whose latest change the person undid."""
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
    """Return the running answers in the scope whose process is gone."""
    running = {row.pk: row for row in BuilderMessage.objects.filter(state=TurnState.RUNNING)}
    lost = find_lost_turns({pk: row.created_at for pk, row in running.items()}, at=now)
    return [running[pk] for pk in sorted(lost)]


def count_running_answers(user: User, now: datetime) -> int:
    """Count the person's running Create answers about all GPTs, except those that were lost."""
    running = BuilderMessage.objects.filter(user_id=user.pk, state=TurnState.RUNNING)
    started = dict(running.values_list("pk", "created_at"))
    return len(started) - len(find_lost_turns(started, at=now))


def count_messages_since(user: User, since: datetime) -> int:
    """Count what the person said to Create about all GPTs."""
    said = BuilderMessage.objects.filter(user_id=user.pk, role=MessageRole.USER, created_at__gt=since)
    return said.count()


def get_create_cost(gpt: GPT, user: User) -> dict[str, int]:
    """Return tokens and micro-units of the person's Create conversations about a GPT, reset ones included."""
    rows = BuilderMessage.objects.filter(gpt=gpt, user_id=user.pk)
    sums = rows.aggregate(
        input_tokens=Sum("input_tokens", default=0),
        output_tokens=Sum("output_tokens", default=0),
        cost_micros=Sum("cost_micros", default=0),
    )
    return {name: int(value) for name, value in sums.items()}


def filter_visible_messages(user: User, gpt: GPT) -> QuerySet[BuilderMessage]:
    return BuilderMessage.objects.filter(gpt=gpt, user_id=user.pk, cleared_at__isnull=True)


def find_running_answers(ids: Collection[UUID]) -> set[UUID]:
    """Return those of ``ids`` that are running answers."""
    return set(
        BuilderMessage.objects.filter(pk__in=ids, state=TurnState.RUNNING).values_list("pk", flat=True)
    )
