"""Correcting the spelling of a search by the words that listings in the store use."""

from __future__ import annotations

from django.db import connection

from marketplace.models.terms import TERM_LENGTH
from marketplace.search.spelling import (
    MIN_WORD_LENGTH,
    build_trigrams,
    find_nearest,
    list_nearest_beginnings,
)

MAX_NEAR_TERMS = 60

# The words in use that share the most trigrams with a misspelled one.
NEAR_TERMS_SQL = """
SELECT term, listing_count FROM marketplace_searchterm
WHERE trigrams && %(grams)s::varchar[] AND listing_count > 0
  AND length(term) BETWEEN %(length)s - 2 AND %(length)s + 2
ORDER BY cardinality(ARRAY(SELECT unnest(trigrams) INTERSECT SELECT unnest(%(grams)s::varchar[]))) DESC,
  listing_count DESC, term
LIMIT %(most)s
"""


# The same for a word that is only begun: the words in use may be longer.
COMPLETING_TERMS_SQL = """
SELECT term, listing_count FROM marketplace_searchterm
WHERE trigrams && %(grams)s::varchar[] AND listing_count > 0
  AND length(term) BETWEEN %(shortest)s AND %(longest)s
ORDER BY cardinality(ARRAY(SELECT unnest(trigrams) INTERSECT SELECT unnest(%(grams)s::varchar[]))) DESC,
  listing_count DESC, term
LIMIT %(most)s
"""


def correct_spelling(words: tuple[str, ...], text: str) -> str:
    """Return ``text`` with unknown words replaced by the nearest words of listings in the store.

    Empty when nothing can be corrected.
    """
    long_words = [word for word in words if len(word) >= MIN_WORD_LENGTH]
    if not long_words:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term FROM marketplace_searchterm WHERE term = ANY(%s) AND listing_count > 0", [long_words]
        )
        known = {row[0] for row in cursor.fetchall()}
        corrected = text.casefold()
        for word in long_words:
            if word in known:
                continue
            cursor.execute(
                NEAR_TERMS_SQL, {"grams": build_trigrams(word), "length": len(word), "most": MAX_NEAR_TERMS}
            )
            better = find_nearest(word, cursor.fetchall())
            if better:
                corrected = corrected.replace(word, better)
    return corrected if corrected != text.casefold() else ""


def list_completions(word: str, *, is_whole: bool) -> list[str]:
    """Return beginnings of words in use that differ from ``word`` by one typing error, the likeliest first.

    With ``is_whole`` they are whole words. One query.
    """
    # The last trigram says that the word ends, which a word that is being typed does not.
    grams = [gram for gram in build_trigrams(word) if is_whole or not gram.endswith(" ")]
    with connection.cursor() as cursor:
        cursor.execute(
            COMPLETING_TERMS_SQL,
            {
                "grams": grams,
                "shortest": len(word) - 1,
                "longest": len(word) + 1 if is_whole else TERM_LENGTH,
                "most": MAX_NEAR_TERMS,
            },
        )
        return list_nearest_beginnings(word, cursor.fetchall(), is_whole=is_whole)
