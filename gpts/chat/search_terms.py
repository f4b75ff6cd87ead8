"""Terms by which a person's conversations are searched: text for PostgreSQL's analysis, and Chinese bigrams.

PostgreSQL stems the Latin words (``to_tsvector('english')``). Two other packages make terms of text by rules
of their own: ``gpts.knowledge.retrieval.terms`` (stems itself; also kana, Hangul and single characters) and
``gpts.insights.terms`` (whole words to be shown, without stems).
"""

from __future__ import annotations

import re

QUERY_BIGRAMS = 64
_CHINESE_RUN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_STOP_CHARACTERS = frozenset("的了是在我你他她它们这那吗呢吧啊和与及或也都就很有要请为把被对从到之其么什怎")


def remove_chinese(text: str) -> str:
    """Return ``text`` without its Chinese, for PostgreSQL's English analysis."""
    return _CHINESE_RUN.sub(" ", text)


def get_bigrams(text: str) -> list[str]:
    """Return each pair of neighbouring Chinese characters; a character that stands alone is kept alone.

    Chinese has no spaces between words and most words have two characters, so pairs find them without
    a dictionary.
    """
    grams: list[str] = []
    for run in _CHINESE_RUN.findall(text):
        grams.extend([run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)])
    return grams


def get_query_bigrams(text: str) -> list[str]:
    """Return the distinct bigrams to search for, without those of function words alone ("的是")."""
    grams = dict.fromkeys(get_bigrams(text))
    return [gram for gram in grams if not set(gram) <= _STOP_CHARACTERS][:QUERY_BIGRAMS]
