"""GPTs with versions, readers and their ended turns for tests of insights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from core.ids import uuid7
from gpts.assistants.models import GPT, Version
from gpts.chat.models import Conversation, Message, Turn, TurnFeedback
from gpts.chat.states import MessageRole
from gpts.llm.states import TurnState
from gpts.metering.services.usage import record_usage
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from workspaces.access import personal_workspace
from workspaces.models import User, Workspace

DAY = date(2026, 3, 2)  # a Monday


def get_time(days: int, hour: int = 10) -> datetime:
    return datetime.combine(DAY + timedelta(days=days), time(hour), UTC)


def create_gpt_with_version(**draft: Any) -> tuple[GPT, Version]:
    gpt = GPTFactory.create(**draft)
    return gpt, VersionFactory.create(gpt=gpt)


def create_readers(size: int) -> list[User]:
    return [UserFactory.create(display_name=f"Reader {number}") for number in range(size)]


def create_ended_turn(
    user: User,
    gpt: GPT,
    version: Version | None,
    day: int,
    *,
    model: str = "small",
    text: str = "A question",
    code: str = "",
    score: float | None = None,
    thumb: bool | None = None,
    reason: str = "",
    seconds: float = 4.0,
    workspace: Workspace | None = None,
) -> Turn:
    """An ended turn of its own conversation, as the chat leaves it."""
    at = get_time(day)
    place = workspace or personal_workspace(user)
    conversation = Conversation.objects.create(
        id=uuid7(at), user=user, workspace=place, gpt=gpt, version=version, created_at=at, updated_at=at
    )
    turn = Turn.objects.create(
        id=uuid7(at), conversation=conversation, user=user, workspace=place, gpt=gpt, version=version,
        position=1, state=TurnState.FAILED if code else TurnState.FINISHED, error_code=code, model_name=model,
        input_tokens=10, output_tokens=20, cost_micros=7, retrieval_score=score, started_at=at,
        first_token_at=at + timedelta(seconds=1), ended_at=at + timedelta(seconds=seconds),
    )  # fmt: skip
    Message.objects.create(
        turn=turn, user=user, workspace=place, role=MessageRole.USER, content=text, created_at=at
    )
    if not code:
        record_usage(turn=turn, model=None, at=at)
    if thumb is not None:
        TurnFeedback.objects.create(
            turn=turn, user=user, workspace=place, gpt=gpt, version=version, is_positive=thumb, reason=reason,
            created_at=at,
        )  # fmt: skip
    return turn


def read_all_insights() -> list[Any]:
    """All rows of all insights, to compare before and after."""
    from gpts.insights.models import InsightBucket, InsightCohort, InsightPart, InsightReach

    tables = (InsightBucket, InsightPart, InsightCohort, InsightReach)
    return [list(table.objects.order_by("pk").values()) for table in tables]
