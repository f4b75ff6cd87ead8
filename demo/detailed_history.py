"""Seeds one GPT with a detailed history, so that Insights can show everything.

Readers come in waves; its usage events have turns, questions, durations, failures and feedback.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from core.ids import uuid7_time
from core.min_group import MIN_GROUP
from demo.accounts import People
from demo.demo_gpt import FLAGSHIP
from demo.usage import create_id, get_first_day
from gpts.assistants.models import GPT, Version
from gpts.chat.models import Conversation, Message, Turn, TurnFeedback
from gpts.chat.states import FeedbackReason, MessageRole
from gpts.llm.states import TurnState
from gpts.metering.models import UsageEvent
from gpts.metering.states import UsageSource
from workspaces.models import User, Workspace

# Day of the demo's usage on which each wave of readers first comes, and the number of readers.
WAVES = ((0, 15), (21, 13), (42, 12))
# Probability that a reader comes on a day: regular, occasional and rare readers.
CHANCES = (0.7, 0.45, 0.25)
# Name, micro-units per million tokens read and written.
MODELS = (("sample-small", 400_000, 1_600_000), ("sample-large", 2_000_000, 8_000_000))
FAILING, UNSURE, THUMBS = 0.045, 0.14, 0.35
CODES = ("provider_slow", "rate_limited")
ANSWERED = (
    "Which night trains take bicycles?",
    "Do I need a reservation in Spain?",
    "How long should I allow for a change between two stations?",
    "Is a pass cheaper for five days?",
    "What is the difference between a couchette and a sleeper?",
    "Reservation for a holiday weekend, how early?",
)
UNANSWERED = (
    "May my dog ride on the night train?",
    "What does a dog ticket cost?",
    "How do I claim a refund after a strike?",
    "Refund for a delay of two hours?",
    "Luggage lockers near the station?",
)
ANSWER = "The handbook says what holds here. Please check the times with the railway before you book."
NOT_FOUND = "There is not enough information about this in the handbook."
BAD = (FeedbackReason.INCOMPLETE, FeedbackReason.INCOMPLETE, FeedbackReason.NO_SOURCE, FeedbackReason.STYLE)


@dataclass
class Rows:
    conversations: list[Conversation] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    thumbs: list[TurnFeedback] = field(default_factory=list)
    events: list[UsageEvent] = field(default_factory=list)


def seed_detailed_history(people: People, gpts: dict[str, GPT], *, at: datetime) -> int:
    """Write the flagship's conversations since first_day with all that hangs on them; returns the events."""
    gpt = gpts[FLAGSHIP]
    rng = random.Random("loggia flagship")  # noqa: S311 - demo content
    readers = [people[key] for key in sorted(people) if key.startswith("reader")]
    places = {
        workspace.person_id: workspace.pk for workspace in Workspace.objects.filter(person__isnull=False)
    }
    versions = list(gpt.versions.order_by("created_at"))
    rows = Rows()
    for reader, begin in _visits(rng, readers, at=at):
        _conversation(rng, rows, gpt, versions, reader, places[reader.pk], begin, at=at)
    written: tuple[Sequence[Any], ...] = (
        rows.conversations, rows.turns, rows.messages, rows.thumbs, rows.events,
    )  # fmt: skip
    for made in written:
        type(made[0]).objects.bulk_create(made, batch_size=2_000)
    GPT.objects.filter(pk=gpt.pk).update(
        conversation_count=len(rows.conversations), has_min_group=len(readers) >= MIN_GROUP
    )
    return len(rows.events)


def _visits(rng: random.Random, readers: Sequence[User], *, at: datetime) -> Iterator[tuple[User, datetime]]:
    """Who comes when: everybody on a day of their wave's first week, then as they are."""
    first_days: dict[int, int] = {}
    left = iter(rng.sample(readers, len(readers)))
    for wave, size in WAVES:
        for newcomer in islice(left, size):
            first_days[newcomer.pk] = wave + rng.randrange(5)
    start = get_first_day(at)
    for number in range((at - start).days + 1):
        day = start + timedelta(days=number)
        calm = 0.6 if day.weekday() < 4 else 1.0  # trips are planned towards the weekend
        for place, reader in enumerate(readers):
            came = first_days.get(reader.pk)
            if came is None or number < came:
                continue
            fades = 1.0 if place % 3 == 0 else max(0.3, 1 - (number - came) / 50)
            if number == came or rng.random() < CHANCES[place % 3] * calm * fades:
                begin = day + timedelta(seconds=rng.randrange(6 * 3600, 22 * 3600))
                if begin < at - timedelta(hours=1):
                    yield reader, begin


def _conversation(
    rng: random.Random,
    rows: Rows,
    gpt: GPT,
    versions: Sequence[Version],
    reader: User,
    workspace_id: int,
    begin: datetime,
    *,
    at: datetime,
) -> None:
    version = next((one for one in reversed(versions) if one.created_at <= begin), versions[0])
    conversation = Conversation(
        id=create_id(rng, begin),
        user=reader,
        workspace_id=workspace_id,
        gpt=gpt,
        version=version,
        created_at=begin,
        updated_at=begin,
    )
    rows.conversations.append(conversation)
    moment, before = begin, None
    for position in range(1, rng.choices((1, 2, 3, 5), (4, 4, 2, 1))[0] + 1):
        moment += timedelta(seconds=rng.randrange(30, 240))
        if moment >= at - timedelta(minutes=5):
            return
        before = _turn(rng, rows, conversation, position, moment, before)
        conversation.updated_at = moment


def _turn(
    rng: random.Random,
    rows: Rows,
    conversation: Conversation,
    position: int,
    moment: datetime,
    before: Turn | None,
) -> Turn:
    name, price_in, price_out = MODELS[rng.random() < 0.3]
    has_failed, is_unsure = rng.random() < FAILING, rng.random() < UNSURE
    turn_id = create_id(rng, moment)
    started = uuid7_time(turn_id)
    read, written = 900 + 350 * position + rng.randrange(200), rng.randrange(80, 420)
    first = rng.lognormvariate(-0.3, 0.45) * (1.8 if name == "sample-large" else 1.0)
    total = first + written / (55 if name == "sample-large" else 110)
    ended = started + timedelta(seconds=30 if has_failed else total)
    turn = Turn(
        id=turn_id,
        conversation=conversation,
        user_id=conversation.user_id,
        workspace_id=conversation.workspace_id,
        gpt_id=conversation.gpt_id,
        version_id=conversation.version_id,
        parent=before,
        position=position,
        state=TurnState.FAILED if has_failed else TurnState.FINISHED,
        error_code=rng.choice(CODES) if has_failed else "",
        source=UsageSource.SEED,
        model_name=name,
        input_tokens=0 if has_failed else read,
        output_tokens=0 if has_failed else written,
        cost_micros=0 if has_failed else (read * price_in + written * price_out) // 1_000_000,
        retrieval_score=round(rng.uniform(0, 0.15) if is_unsure else rng.uniform(0.45, 0.95), 3),
        started_at=started,
        first_token_at=None if has_failed else started + timedelta(seconds=first),
        ended_at=ended,
    )
    rows.turns.append(turn)
    question = rng.choice(UNANSWERED if is_unsure else ANSWERED)
    conversation.title = conversation.title or question
    _said(rows, turn, MessageRole.USER, question, started)
    if has_failed:
        return turn
    _said(rows, turn, MessageRole.ASSISTANT, NOT_FOUND if is_unsure else ANSWER, ended)
    rows.events.append(_event(turn, conversation, ended))
    if rng.random() < THUMBS:
        _thumb(rng, rows, turn, is_positive=rng.random() < (0.25 if is_unsure else 0.88), at=ended)
    return turn


def _said(rows: Rows, turn: Turn, role: MessageRole, content: str, at: datetime) -> None:
    rows.messages.append(
        Message(
            turn=turn,
            user_id=turn.user_id,
            workspace_id=turn.workspace_id,
            role=role,
            content=content,
            created_at=at,
        )
    )


def _thumb(rng: random.Random, rows: Rows, turn: Turn, *, is_positive: bool, at: datetime) -> None:
    rows.thumbs.append(
        TurnFeedback(
            turn=turn,
            user_id=turn.user_id,
            workspace_id=turn.workspace_id,
            gpt_id=turn.gpt_id,
            version_id=turn.version_id,
            is_positive=is_positive,
            reason="" if is_positive else rng.choice(BAD),
            created_at=at,
        )
    )


def _event(turn: Turn, conversation: Conversation, ended: datetime) -> UsageEvent:
    return UsageEvent(
        event_id=turn.pk,
        workspace_id=turn.workspace_id,
        user_id=turn.user_id,
        gpt_id=turn.gpt_id,
        gpt_workspace_id=conversation.gpt.workspace_id,
        version_id=turn.version_id,
        payee_id=conversation.gpt.owner_id,
        conversation_id=conversation.pk,
        occurred_at=turn.started_at,
        received_at=ended,
        input_tokens=turn.input_tokens,
        output_tokens=turn.output_tokens,
        cost_micros=turn.cost_micros,
        model_name=turn.model_name,
        is_paid_user=True,
        outcome="finished",
        source=UsageSource.SEED,
        payload_hash=hashlib.sha256(turn.pk.bytes).hexdigest(),
    )
