"""Finding one's own conversations by what was said in them, in English, Chinese or both."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from core.pagination import Page, paginate
from gpts.chat.models import Conversation, Message, TurnWords
from gpts.chat.queries.conversations import conversations_of
from gpts.chat.search_terms import get_query_bigrams, remove_chinese

QUERY_LENGTH = 200
TERMS = 12
SNIPPET = 160
VOCABULARY_TURNS = 2_000
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class FoundConversation:
    """A conversation with the place that was found, its words marked; empty when only the title has them."""

    conversation: Conversation
    snippet: SafeString | str


@dataclass(frozen=True)
class Found:
    """One page of a search. ``mended`` is what was searched instead, when a word was mistyped."""

    items: list[FoundConversation]
    page: Page[Conversation]
    mended: str = ""


def search_conversations(user: Any, text: str, *, cursor: str = "", size: int = 30) -> Found:
    """Return the person's own conversations that say all words of ``text``, the latest first.

    The last word may be a beginning. When nothing is found, mistyped words are taken for the nearest that
    the person's conversations know. What was said in the last seconds may not be found by its words yet.
    """
    asked = " ".join(text[:QUERY_LENGTH].split())
    found = _page(user, asked, cursor, size)
    mended = ""
    if not found.items and (nearest := _mended(user, asked)) != asked:
        found, mended = _page(user, nearest, cursor, size), nearest
        mended = nearest if found.items else ""
    snippets = _snippets(user, found.items, mended or asked)
    items = [FoundConversation(item, snippets.get(item.pk, "")) for item in found.items]
    return Found(items, found, mended)


def saying(user: Any, rows: QuerySet[Conversation], text: str) -> QuerySet[Conversation]:
    """Narrow the person's own conversations to those that say ``text``, in their title or a turn."""
    asked = text[:QUERY_LENGTH].split()
    words = Q()
    for word in asked:
        words &= Q(title__icontains=word)
    said = _saying(user, " ".join(asked))
    return rows.filter(words | Q(pk__in=said.values("conversation_id"))) if asked else rows.none()


def _page(user: Any, text: str, cursor: str, size: int) -> Page[Conversation]:
    rows = saying(user, conversations_of(user), text)
    return paginate(rows, order=("-updated_at", "-id"), cursor=cursor, size=size)


def _saying(user: Any, text: str) -> QuerySet[TurnWords]:
    """The person's turns that have all words; their own index is read, nobody else's row is touched."""
    query = _query(text)
    rows = TurnWords.objects.filter(user_id=user.pk)
    # "simple": the words were brought into their form already.
    return (
        rows.filter(search=SearchQuery(query, config="simple", search_type="raw")) if query else rows.none()
    )


def _query(text: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector('english', %s))", [remove_chinese(text)])
        (english,) = cursor.fetchone()
    terms = [_quoted(term) for term in english[:TERMS]]
    last = text.split()[-1] if text.split() else ""
    if last.isascii() and len(last) >= 2:
        # A beginning: as it was typed, or in the form that the analysis gives the whole word.
        beginning = _quoted(last.lower()) + ":*"
        with connection.cursor() as cursor:
            cursor.execute("SELECT tsvector_to_array(to_tsvector('english', %s))", [last])
            (forms,) = cursor.fetchone()
        whole = [_quoted(form) for form in forms]
        terms = [term for term in terms if term not in whole]
        terms.append("(" + " | ".join([*whole, beginning]) + ")")
    grams = get_query_bigrams(text)[:TERMS]
    terms += [_quoted(gram) + (":*" if len(gram) == 1 else "") for gram in grams]
    return " & ".join(terms)


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def _mended(user: Any, text: str) -> str:
    """``text`` with each unknown Latin word replaced by the nearest one of the person's conversations."""
    words = [word for word in text.split() if len(word) >= 4 and word.isascii() and word.isalpha()][:6]
    if not words:
        return text
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM ts_stat(format('SELECT search FROM gpts_turnwords WHERE user_id = %%s"
            " ORDER BY turn_id DESC LIMIT %%s', %s::bigint, %s::int)) WHERE length(word) BETWEEN 3 AND 30",
            [user.pk, VOCABULARY_TURNS],
        )
        vocabulary = [row[0] for row in cursor.fetchall()]
    known = set(vocabulary)
    mended = text
    for word in words:
        if word.lower() in known:
            continue
        near = [
            other for other in vocabulary if abs(len(other) - len(word)) <= 3 and other[0] == word[0].lower()
        ]
        close = difflib.get_close_matches(word.lower(), near, n=1, cutoff=0.72)
        if close:
            mended = mended.replace(word, close[0])
    return mended


def _snippets(user: Any, rows: Sequence[Conversation], text: str) -> dict[UUID, SafeString]:
    """For each conversation the latest place that says it; two queries."""
    said = (
        _saying(user, text)
        .filter(conversation_id__in=[row.pk for row in rows])
        .order_by("conversation_id", "-turn_id")
        .distinct("conversation_id")
    )
    turns = dict(said.values_list("turn_id", "conversation_id"))
    marks = _marks(text)
    found: dict[UUID, SafeString] = {}
    messages = Message.objects.filter(turn_id__in=turns).order_by("turn_id", "-role")
    for turn_id, content in messages.values_list("turn_id", "content"):
        conversation = turns[turn_id]
        if conversation not in found and (snippet := snippet_of(content, marks)):
            found[conversation] = snippet
    return found


def _marks(text: str) -> re.Pattern[str]:
    """What is marked: beginnings of the words, as the analysis takes their ends, and Chinese as it is."""
    parts = []
    for word in _WORD.findall(text.lower()):
        if _CHINESE.search(word):
            parts.append(re.escape(word))
            parts += [re.escape(gram) for gram in get_query_bigrams(word)]
        else:
            stem = word[: max(len(word) - 2, 3)] if len(word) > 4 else word
            parts.append(rf"\b{re.escape(stem)}\w*")
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def snippet_of(content: str, marks: re.Pattern[str]) -> SafeString | None:
    """A line of the text around the first place that ``marks`` finds, escaped and marked."""
    flat = " ".join(content.split())
    first = marks.search(flat)
    if first is None:
        return None
    start = max(first.start() - SNIPPET // 3, 0)
    if start:
        start = flat.find(" ", start, first.start()) + 1 or start
    piece = flat[start : start + SNIPPET]
    parts, at = [], 0
    for match in marks.finditer(piece):
        parts += [escape(piece[at : match.start()]), "<mark>", escape(match[0]), "</mark>"]
        at = match.end()
    parts.append(escape(piece[at:]))
    line = ("… " if start else "") + "".join(parts) + (" …" if start + SNIPPET < len(flat) else "")
    return mark_safe(line)  # noqa: S308  # every part is escaped above
