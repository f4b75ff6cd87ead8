"""Full-text search in a person's own conversations, in English, Chinese or both."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from core.pagination import Page, paginate
from gpts.chat.models import Conversation, Message, TurnWords
from gpts.chat.queries.conversations import list_conversations
from gpts.chat.search_terms import get_query_bigrams, remove_chinese
from workspaces.models import User

QUERY_LENGTH = 200
TERMS = 12
SNIPPET = 160
VOCABULARY_TURNS = 2_000
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class SearchResult:
    """A conversation with a snippet that marks the words; empty when only the title has them."""

    conversation: Conversation
    snippet: SafeString | str


@dataclass(frozen=True)
class SearchResults:
    """One page of a search. ``corrected`` is the text searched instead when words were mistyped."""

    items: list[SearchResult]
    page: Page[Conversation]
    corrected: str = ""


def search_conversations(user: User, text: str, *, cursor: str = "", size: int = 30) -> SearchResults:
    """Search the person's own conversations for all words of ``text``, newest first.

    The last word may be a prefix. When nothing is found, each unknown word is replaced by the most similar
    word in the person's conversations. Turns of the last seconds may not be indexed yet.
    """
    query = " ".join(text[:QUERY_LENGTH].split())
    page = _search_page(user, query, cursor, size)
    corrected = ""
    if not page.items and (nearest := _correct_spelling(user, query)) != query:
        page = _search_page(user, nearest, cursor, size)
        corrected = nearest if page.items else ""
    snippets = _build_snippets(user, page.items, corrected or query)
    items = [SearchResult(item, snippets.get(item.pk, "")) for item in page.items]
    return SearchResults(items, page, corrected)


def filter_by_words(user: User, rows: QuerySet[Conversation], text: str) -> QuerySet[Conversation]:
    """Filter the person's conversations to those with all words of ``text``, in the title or in one turn."""
    words = text[:QUERY_LENGTH].split()
    in_title = Q()
    for word in words:
        in_title &= Q(title__icontains=word)
    turns = _find_turn_words(user, " ".join(words))
    return rows.filter(in_title | Q(pk__in=turns.values("conversation_id"))) if words else rows.none()


def _search_page(user: User, text: str, cursor: str, size: int) -> Page[Conversation]:
    rows = filter_by_words(user, list_conversations(user), text)
    return paginate(rows, order=("-updated_at", "-id"), cursor=cursor, size=size)


def _find_turn_words(user: User, text: str) -> QuerySet[TurnWords]:
    """The person's indexed turns that have all words of ``text``."""
    query = _build_query(text)
    rows = TurnWords.objects.filter(user_id=user.pk)
    # "simple", because the query has lexemes already.
    return (
        rows.filter(search=SearchQuery(query, config="simple", search_type="raw")) if query else rows.none()
    )


def _build_query(text: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector('english', %s))", [remove_chinese(text)])
        (english,) = cursor.fetchone()
    terms = [_quote(term) for term in english[:TERMS]]
    last = text.split()[-1] if text.split() else ""
    if last.isascii() and len(last) >= 2:
        # The last word matches as a prefix, or as a whole word by its lexeme.
        prefix = _quote(last.lower()) + ":*"
        with connection.cursor() as cursor:
            cursor.execute("SELECT tsvector_to_array(to_tsvector('english', %s))", [last])
            (forms,) = cursor.fetchone()
        whole = [_quote(form) for form in forms]
        terms = [term for term in terms if term not in whole]
        terms.append("(" + " | ".join([*whole, prefix]) + ")")
    grams = get_query_bigrams(text)[:TERMS]
    terms += [_quote(gram) + (":*" if len(gram) == 1 else "") for gram in grams]
    return " & ".join(terms)


def _quote(term: str) -> str:
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def _correct_spelling(user: User, text: str) -> str:
    """Replace each unknown Latin word in ``text`` by the most similar word in the person's conversations."""
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
    corrected = text
    for word in words:
        if word.lower() in known:
            continue
        near = [
            other for other in vocabulary if abs(len(other) - len(word)) <= 3 and other[0] == word[0].lower()
        ]
        close = difflib.get_close_matches(word.lower(), near, n=1, cutoff=0.72)
        if close:
            corrected = corrected.replace(word, close[0])
    return corrected


def _build_snippets(user: User, rows: Sequence[Conversation], text: str) -> dict[UUID, SafeString]:
    """Build for each conversation a snippet of the newest turn with the words; two queries."""
    found = (
        _find_turn_words(user, text)
        .filter(conversation_id__in=[row.pk for row in rows])
        .order_by("conversation_id", "-turn_id")
        .distinct("conversation_id")
    )
    turns = dict(found.values_list("turn_id", "conversation_id"))
    marks = _build_mark_pattern(text)
    snippets: dict[UUID, SafeString] = {}
    messages = Message.objects.filter(turn_id__in=turns).order_by("turn_id", "-role")
    for turn_id, content in messages.values_list("turn_id", "content"):
        conversation = turns[turn_id]
        if conversation not in snippets and (snippet := build_snippet(content, marks)):
            snippets[conversation] = snippet
    return snippets


def _build_mark_pattern(text: str) -> re.Pattern[str]:
    """The pattern that a snippet marks: word beginnings, as the search stems words; Chinese as it is."""
    parts = []
    for word in _WORD.findall(text.lower()):
        if _CHINESE.search(word):
            parts.append(re.escape(word))
            parts += [re.escape(gram) for gram in get_query_bigrams(word)]
        else:
            stem = word[: max(len(word) - 2, 3)] if len(word) > 4 else word
            parts.append(rf"\b{re.escape(stem)}\w*")
    return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)


def build_snippet(content: str, marks: re.Pattern[str]) -> SafeString | None:
    """Build a line around the first match of ``marks``, escaped, with <mark> around matches."""
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
