"""Indexing ended turns for search, in the worker so that streams are not slowed down."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from core.ids import uuid7
from gpts.chat.models import Message, Turn
from gpts.chat.search_terms import get_bigrams, remove_chinese
from gpts.llm.states import ENDED_TURN_STATES

BATCH = 500
RECENT = timedelta(hours=2)
CHARACTERS = 200_000
_INSERT = """
INSERT INTO gpts_turnwords (turn_id, user_id, conversation_id, search)
VALUES (%s, %s, %s, strip(to_tsvector('english', %s) || to_tsvector('simple', %s)))
ON CONFLICT (turn_id) DO NOTHING
"""


def index_turn_words(*, at: datetime, since: timedelta | None = RECENT) -> int:
    """Index up to BATCH ended turns that are not indexed yet; returns how many.

    Only turns that started within ``since`` before ``at``; all with None. Temporary chats are not indexed.
    Idempotent, and safe to run concurrently.
    """
    turns = Turn.objects.filter(
        state__in=ENDED_TURN_STATES, words__isnull=True, conversation__is_temporary=False
    )
    if since is not None:
        turns = turns.filter(pk__gte=uuid7(at - since))
    rows = list(turns.order_by("pk").values_list("pk", "user_id", "conversation_id")[:BATCH])
    contents: dict[object, list[str]] = {}
    for turn_id, content in Message.objects.filter(turn_id__in=[row[0] for row in rows]).values_list(
        "turn_id", "content"
    ):
        contents.setdefault(turn_id, []).append(content)
    with connection.cursor() as cursor:
        for turn_id, user_id, conversation_id in rows:
            text = "\n".join(contents.get(turn_id, []))[:CHARACTERS]
            grams = " ".join(dict.fromkeys(get_bigrams(text)))
            cursor.execute(_INSERT, [turn_id, user_id, conversation_id, remove_chinese(text), grams])
    return len(rows)
