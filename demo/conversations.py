"""Seeds a few conversations, so that the history of the demo people is not empty."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, timedelta

from core.ids import uuid7_time
from demo.accounts import People
from demo.usage import create_id
from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.states import MessageRole
from gpts.llm.states import TurnState
from gpts.metering.models import UsageEvent
from gpts.metering.states import UsageSource
from workspaces.access import personal_workspace
from workspaces.models import User

# (person, GPT, title, days ago, ((question, answer), …))
CONVERSATIONS: tuple[tuple[str, str, str, int, tuple[tuple[str, str], ...]], ...] = (
    (
        "visitor",
        "travel-desk",
        "Bicycles on night trains",
        2,
        (
            (
                "Which night trains take bicycles?",
                "Whole bicycles need **a ticket and, on night trains, a reservation** for one of few places; book those "
                "first and the bed second. Folded bicycles in a bag count as luggage everywhere.\n\n"
                "Please check the times with the railway before you book.",
            ),
            (
                "And how long should I allow for a change?",
                "| change | allow |\n|---|---|\n| within one station | 25 minutes |\n| between two stations of a city | "
                "60 minutes |\n\nWith *one* through ticket the railway must take you on when you miss a connection.",
            ),
        ),
    ),
    (
        "visitor",
        "minutes-maker",
        "Minutes of the garden club",
        9,
        (
            (
                "Minutes from these notes: Ana will buy soil before Saturday. We agreed on tomatoes. Who waters in May?",
                '**Decisions**\n- Tomatoes this year ("We agreed on tomatoes").\n\n**Actions**\n- Buy soil: Ana, '
                "before Saturday.\n\n**Open questions**\n- Who waters in May? Nobody yet, no date.",
            ),
        ),
    ),
    (
        "visitor",
        "chadao",
        "绿茶的水温",
        15,
        (
            (
                "绿茶用多少度的水？",
                "绿茶用**八十至八十五度**的水，久泡会发苦。水开后敞盖静置约五分钟，就降到八十度左右。",
            ),
        ),
    ),
    (
        "acme_member",
        "acme-travel",
        "First class",
        4,
        (
            (
                "May I book first class?",
                "No: trains are second class (section 3, Expenses). Flights need a reason why a train does not do.",
            ),
        ),
    ),
    (
        "creator",
        "plain-letter",
        "Trying my own opening question",
        6,
        (("Make this complaint firm but friendly", "Gladly. Who reads it, and what should they do next?"),),
    ),
)


def seed_conversations(people: People, gpts: dict[str, GPT], *, at: datetime) -> None:
    """Write the conversations with their usage events, as finished turns."""
    for person, gpt_key, title, days, exchanges in CONVERSATIONS:
        _conversation(
            people[person], gpts[gpt_key], title, exchanges, begin=at - timedelta(days=days, hours=3)
        )


def _conversation(
    user: User, gpt: GPT, title: str, exchanges: tuple[tuple[str, str], ...], *, begin: datetime
) -> None:
    rng = random.Random(f"loggia chat {title}")  # noqa: S311 - demo content
    own = personal_workspace(user)
    workspace = own if gpt.workspace.person_id is not None else gpt.workspace
    conversation = Conversation.objects.create(
        id=create_id(rng, begin),
        user=user,
        workspace=workspace,
        gpt=gpt,
        version=gpt.versions.latest("number"),
        title=title,
        created_at=begin,
        updated_at=begin + timedelta(minutes=2 * len(exchanges)),
    )
    before: Turn | None = None
    for position, (question, answer) in enumerate(exchanges, start=1):
        moment = begin + timedelta(minutes=2 * (position - 1))
        before = _turn(rng, conversation, position, question, answer, moment=moment, before=before)


def _turn(
    rng: random.Random,
    conversation: Conversation,
    position: int,
    question: str,
    answer: str,
    *,
    moment: datetime,
    before: Turn | None,
) -> Turn:
    tokens_in, tokens_out = 200 + len(question) // 3, len(answer) // 3
    turn_id = create_id(rng, moment)
    moment = uuid7_time(turn_id)
    ended = moment + timedelta(seconds=4)
    turn = Turn.objects.create(
        id=turn_id,
        conversation=conversation,
        user_id=conversation.user_id,
        workspace_id=conversation.workspace_id,
        gpt_id=conversation.gpt_id,
        version_id=conversation.version_id,
        parent=before,
        position=position,
        state=TurnState.FINISHED,
        source=UsageSource.SEED,
        model_name="offline",
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        started_at=moment,
        first_token_at=moment + timedelta(seconds=1),
        ended_at=ended,
    )
    for role, content in ((MessageRole.USER, question), (MessageRole.ASSISTANT, answer)):
        Message.objects.create(
            turn=turn,
            user_id=conversation.user_id,
            workspace_id=conversation.workspace_id,
            role=role,
            content=content,
            created_at=moment if role == MessageRole.USER else ended,
        )
    UsageEvent.objects.create(
        event_id=turn.id,
        workspace_id=conversation.workspace_id,
        user_id=conversation.user_id,
        gpt_id=conversation.gpt_id,
        gpt_workspace_id=conversation.gpt.workspace_id,
        version_id=conversation.version_id,
        payee_id=conversation.gpt.owner_id,
        conversation_id=conversation.id,
        occurred_at=moment,
        received_at=ended,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cost_micros=0,
        model_name="offline",
        is_paid_user=True,
        outcome="finished",
        source=UsageSource.SEED,
        payload_hash=hashlib.sha256(turn.id.bytes).hexdigest(),
    )
    return turn
