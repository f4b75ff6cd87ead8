"""Terms of indexes that were built before TERMS_VERSION 2, used until a job has rebuilt them. Pure."""

from __future__ import annotations

import re
import unicodedata

from gpts.knowledge.retrieval.folding import CJK
from gpts.knowledge.retrieval.stems import stem
from gpts.knowledge.retrieval.terms import STOP_WORDS, WORD_LENGTH, extract_terms

_ACCENTS = re.compile("[\u0300-\u036f]")
_TOKEN = re.compile(f"[{CJK}]+|[^\\W_{CJK}]+")
_IS_CJK = re.compile(f"[{CJK}]")


def map_to_old_terms(text: str) -> dict[str, str]:
    """Return the old term for each term of a question that an old index does not have.

    Of a word that the old rules cut in pieces it is the longest piece.
    """
    found: dict[str, str] = {}
    for written in text.split():
        new, old = extract_terms(written), extract_old_terms(written)
        if not old or set(new) <= set(old):
            continue
        longest = max(old, key=len)
        pairs = zip(new, old, strict=True) if len(new) == len(old) else ((term, longest) for term in new)
        found.update({term: before for term, before in pairs if term not in old})
    return found


def extract_old_terms(written: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", written)
    found: list[str] = []
    for token in _TOKEN.findall(unicodedata.normalize("NFC", _ACCENTS.sub("", folded))):
        word = token.lower()
        if _IS_CJK.match(token):
            for at, character in enumerate(token):
                found.append(character)
                if at + 1 < len(token):
                    found.append(token[at : at + 2])
        elif word not in STOP_WORDS:
            found.append(stem(word[:WORD_LENGTH]) if word.isascii() else word[:WORD_LENGTH])
    return found
