"""Single words of a question: Latin words without the most common ones, Chinese as pairs of characters."""

from __future__ import annotations

import re

LONGEST = 24
_LATIN = re.compile(r"[^\W\d_]{3,}", re.UNICODE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_STOP = frozenset(
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


def terms_of(text: str) -> set[str]:
    """Return the words of a text once each, in lower case. Figures and addresses are no words."""
    words = {
        word
        for found in _LATIN.findall(re.sub(r"\S*[@/:]\S*", " ", text))
        if len(word := found.lower()) <= LONGEST and word not in _STOP and not _CHINESE.search(word)
    }
    for run in _CHINESE.findall(text):
        words |= {run[at : at + 2] for at in range(len(run) - 1)} - _STOP_PAIRS
    return words
