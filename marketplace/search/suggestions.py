"""Suggestions while somebody types: listings by their name. Nothing that is typed is stored or counted."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from marketplace.cards import icon_url
from marketplace.search.corrections import list_completions
from marketplace.search.spelling import MIN_WORD_LENGTH
from marketplace.search.tsquery import build_typed_name_query, list_typed_words

MAX_SUGGESTIONS = 8
# No name is longer than NAME_LENGTH (50).
MAX_TYPED_LENGTH = 60
# Each word that may be misspelled is a query.
MAX_CORRECTED_WORDS = 4

_COLUMNS = "l.slug, l.name, l.icon, l.category, l.builder_name, l.builder_verified"

# Names that begin with the text come first, then those with all words anywhere; the most popular of each.
# Both conditions name the words, so that the index of the search column serves either.
FIND_SQL = f"""
WITH found AS (
  (SELECT id, 0 AS place FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(named)s::tsquery AND lower(name) LIKE %(beginning)s
   ORDER BY popularity DESC, id DESC LIMIT {MAX_SUGGESTIONS})
  UNION ALL
  (SELECT id, 1 FROM marketplace_listing
   WHERE state = 'listed' AND search @@ %(named)s::tsquery
   ORDER BY popularity DESC, id DESC LIMIT {MAX_SUGGESTIONS})
)
SELECT {_COLUMNS}
FROM (SELECT id, min(place) AS place FROM found GROUP BY id) best JOIN marketplace_listing l USING (id)
ORDER BY best.place, l.popularity DESC, l.id DESC LIMIT {MAX_SUGGESTIONS}
"""  # noqa: S608 - constants only; what people type goes in as parameters

LISTED_SQL = f"SELECT {_COLUMNS} FROM marketplace_listing l WHERE l.state = 'listed' AND l.slug = ANY(%s)"  # noqa: S608


@dataclass(frozen=True)
class SuggestedListing:
    """A listing as the list below a search field shows it."""

    slug: str
    name: str
    icon: str
    category: str
    builder_name: str
    builder_verified: bool

    @property
    def url(self) -> str:
        return f"/g/{self.slug}"

    @property
    def icon_url(self) -> str:
        return icon_url(self.icon)


def clean_typed(text: str) -> str:
    """Return a text with its width, case and spaces folded; empty when it is longer than any name."""
    folded = " ".join(unicodedata.normalize("NFKC", text[: 2 * MAX_TYPED_LENGTH]).casefold().split())
    return folded if len(folded) <= MAX_TYPED_LENGTH else ""


def find_by_name(typed: str) -> list[SuggestedListing]:
    """Return at most MAX_SUGGESTIONS listings for a text of ``clean_typed``.

    The last word may be the beginning of one. When no name has the words, each longer one may have one typing
    error. One query, or up to 2 + MAX_CORRECTED_WORDS.
    """
    found = find_as_typed(typed)
    if found:
        return found
    words = [word for word in list_typed_words(typed) if len(word) >= MIN_WORD_LENGTH]
    if not words or len(words) > MAX_CORRECTED_WORDS:
        return []
    last = list_typed_words(typed)[-1]
    meant = {word: list_completions(word, is_whole=word != last) for word in words}
    if not any(meant.values()):
        return []
    likely = " ".join((meant.get(word) or [word])[0] for word in typed.split())
    return _find(build_typed_name_query(typed, meant=meant), likely)


def find_as_typed(typed: str) -> list[SuggestedListing]:
    """Return listings for a text of ``clean_typed`` as find_by_name does, without corrections. One query."""
    named = build_typed_name_query(typed)
    return _find(named, typed) if named else []


def find_listed(slugs: Collection[str]) -> dict[str, SuggestedListing]:
    """Return those of the GPTs that are in the store, by slug. One query, none without slugs."""
    if not slugs:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LISTED_SQL, [list(slugs)])
        found = [SuggestedListing(*row) for row in cursor.fetchall()]
    return {one.slug: one for one in found}


def _find(named: str, typed: str) -> list[SuggestedListing]:
    escaped = typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    with connection.cursor() as cursor:
        cursor.execute(FIND_SQL, {"named": named, "beginning": f"{escaped}%"})
        return [SuggestedListing(*row) for row in cursor.fetchall()]
