"""Single words of a question: Latin words without the most common ones, Chinese as short runs and pairs.

The words are shown, so they are not stemmed, unlike the search terms of gpts.knowledge.retrieval.terms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_WORD_LENGTH = 24
_LATIN = re.compile(r"[^\W\d_]{3,}", re.UNICODE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
# Characters that stand between words, hardly in them; what they leave, when it is short, is taken as a word.
_SEPARATORS = re.compile("请问|[的了吗呢吧啊呀么怎什哪我你您他她它们把被这那是]")
MAX_RUN_LENGTH = 4
_STOP_WORDS = frozenset(
    [
        "about",
        "after",
        "also",
        "and",
        "any",
        "are",
        "because",
        "been",
        "before",
        "but",
        "can",
        "could",
        "did",
        "does",
        "each",
        "even",
        "every",
        "few",
        "for",
        "from",
        "get",
        "give",
        "had",
        "has",
        "have",
        "her",
        "here",
        "him",
        "his",
        "how",
        "into",
        "its",
        "just",
        "like",
        "make",
        "many",
        "may",
        "more",
        "most",
        "much",
        "must",
        "not",
        "now",
        "off",
        "one",
        "only",
        "other",
        "our",
        "out",
        "over",
        "own",
        "per",
        "please",
        "same",
        "shall",
        "she",
        "should",
        "some",
        "such",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "too",
        "under",
        "until",
        "use",
        "very",
        "want",
        "was",
        "way",
        "well",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
    ]
)
_STOP_PAIRS = frozenset(
    [
        "什么",
        "怎么",
        "如何",
        "可以",
        "我们",
        "你们",
        "他们",
        "这个",
        "那个",
        "一个",
        "是否",
        "为什",
        "吗的",
        "请问",
        "哪些",
        "没有",
        "有没",
    ]
)


def extract_terms(text: str) -> set[str]:
    """Return the words of a text once each, in lower case. Figures and addresses are no words."""
    words = {
        word
        for found in _LATIN.findall(re.sub(r"\S*[@/:]\S*", " ", text))
        if len(word := found.lower()) <= MAX_WORD_LENGTH
        and word not in _STOP_WORDS
        and not _CHINESE.search(word)
    }
    for run in (piece for found in _CHINESE.findall(text) for piece in _SEPARATORS.split(found)):
        words |= {run[at : at + 2] for at in range(len(run) - 1)} - _STOP_PAIRS
        if 2 < len(run) <= MAX_RUN_LENGTH:
            words.add(run)
    return words


def drop_word_fragments(people: Mapping[str, set[int]]) -> dict[str, set[int]]:
    """Leave out what is only a piece of a longer Chinese word: whoever wrote 销流 wrote 报销流程."""
    longer = [word for word in people if len(word) > 2 and _CHINESE.fullmatch(word)]
    return {
        term: who
        for term, who in people.items()
        if not any(term != word and term in word and who <= people[word] for word in longer)
    }
