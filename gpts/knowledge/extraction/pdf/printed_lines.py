"""Lines of printed pages put together: paragraphs, words divided at line ends, Chinese set wide. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

# PDFium marks a hyphen at a line's end by one of these.
_HYPHEN_MARK = re.compile("[\ufffe\x02]\r?\n?")
_SOFT_HYPHEN = re.compile("\xad[\ufffe\x02]?\r?\n?")
_SENTENCE_END = re.compile(r"[.!?:。！？：]['\")\]”’]?$")
_BULLET = re.compile(r"^\s*(?:[•▪◦●*-]|\(?\d{1,3}[.)])\s+")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LAST_WORD = re.compile(r"[^\W_]+$")
_FIRST_WORD = re.compile(r"[^\W_]+")
# Longer ones are no words, and end a search for one.
WORD_LENGTH = 40
# Words remembered of one document.
VOCABULARY = 50_000

# First and second parts of English compounds that are written with a hyphen. Other languages and words are
# told by how the document writes them elsewhere.
_FIRSTS = frozenset({
    "well", "self", "non", "high", "low", "long", "short", "full", "half", "cross", "ex", "semi", "anti",
    "state", "year", "two", "three", "four", "five", "six", "first", "second", "third", "one", "large",
    "small", "open", "real", "single", "double", "quasi", "much", "ever", "old", "new", "hard", "soft",
    "built", "user",
})  # fmt: skip
_SECONDS = frozenset({
    "based", "known", "free", "related", "specific", "term", "level", "scale", "sized", "made", "called",
    "oriented", "driven", "friendly", "dependent", "proof", "rich", "capable", "compliant", "style",
})  # fmt: skip
# What follows a part of a word that only looks like a first part: "short-age", "hard-ware", "non-sense".
_NO_SECONDS = frozenset({
    "ness", "ing", "ings", "er", "ers", "est", "ed", "en", "ens", "es", "ly", "ish", "ity", "ities", "ize",
    "ized", "ism", "ist", "istic", "dom", "age", "ages", "teen", "ty", "fold", "ware", "wares", "light",
    "lights", "way", "ways", "land", "lands", "itude", "sense", "line", "lines", "hand", "self", "letter",
    "ment", "ments", "ary", "ation", "ship", "ally", "ance", "ant", "ible", "able", "less", "ful",
})  # fmt: skip
_CO_SECONDS = ("operat", "ordin", "author", "found", "owner", "exist", "educat", "worker", "pilot")
# "Haus- und Gartenarbeit": the hyphen stands for a part that follows later.
_CONJUNCTIONS = frozenset({"und", "oder", "bzw", "sowie", "and", "or", "en", "of", "och"})

_HAN = "\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PUNCTUATION = "\u3001-\u3003\u3008-\u3011\u3014-\u301b\uff01-\uff0f\uff1a-\uff1f"
_HAN_GAP = re.compile(rf"(?<=[{_HAN}{_PUNCTUATION}])[ \u3000]+(?=[{_HAN}{_PUNCTUATION}])")
_HAN_PAIR = re.compile(rf"[{_HAN}](?=[{_HAN}])")


class Vocabulary:
    """The words that a document has used so far, in lower case, with its compounds."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def add(self, text: str) -> None:
        for line in _HYPHEN_MARK.split(text):
            # The first and last word of a line may be halves.
            for match in _WORD.finditer(line):
                if (
                    match.end() - match.start() <= WORD_LENGTH
                    and match.start() > 0
                    and match.end() < len(line)
                ):
                    if len(self._words) >= VOCABULARY:
                        return
                    self._words.add(match[0].lower())

    def __contains__(self, word: str) -> bool:
        return word.lower() in self._words


def join_divided_words(text: str, vocabulary: Vocabulary) -> str:
    """Put words together that were divided at line ends; compounds keep their hyphen."""
    first, *others = _HYPHEN_MARK.split(_SOFT_HYPHEN.sub("", text))
    parts = [first]
    for part in others:
        before = _LAST_WORD.search(parts[-1][-WORD_LENGTH:])
        after = _FIRST_WORD.match(part[:WORD_LENGTH].lstrip())
        joint = _choose_joint(before[0] if before else "", after[0] if after else "", vocabulary)
        parts += [joint, part.lstrip() if joint != "\n" else part]
    return "".join(parts)


def _choose_joint(before: str, after: str, vocabulary: Vocabulary) -> str:
    if not before or not after:
        return "-"
    if after.lower() in _CONJUNCTIONS:
        return "- "
    return "-" if _has_hyphen(before, after, vocabulary) else ""


def _has_hyphen(before: str, after: str, vocabulary: Vocabulary) -> bool:
    if before[-1].isdigit() or after[0].isdigit() or f"{before}-{after}" in vocabulary:
        return True
    if before + after in vocabulary:
        return False
    if after[0].isupper() and not before.isupper():
        return True
    first, second = before.lower(), after.lower()
    if first == "co":
        return second.startswith(_CO_SECONDS)
    if second in _NO_SECONDS:
        return False
    if first in _FIRSTS or (second in _SECONDS and len(first) > 2):
        return True
    return len(first) > 2 and len(second) > 2 and first in vocabulary and second in vocabulary


def close_wide_text(text: str) -> str:
    """Remove the spaces between Chinese or Japanese characters in lines that are set wide.

    A line is set wide when more of its characters are followed by a space than by another character; the
    spaces of other lines part words of a table or a list of names.
    """
    return "\n".join(_close_line(line) for line in text.split("\n"))


def _close_line(line: str) -> str:
    gaps = sum(1 for _gap in _HAN_GAP.finditer(line))
    if not gaps or gaps <= sum(1 for _pair in _HAN_PAIR.finditer(line)):
        return line
    return _HAN_GAP.sub("", line)


def join_lines(text: str) -> Iterator[str]:
    """Yield paragraphs of wrapped lines: a short line that ends a sentence ends one, a bullet begins one."""
    lines = [line.strip() for line in text.split("\n")]
    width = max((len(line) for line in lines), default=0)
    held: list[str] = []
    for line in lines:
        if not line or (_BULLET.match(line) and held):
            if held:
                yield _join(held)
            held = [line] if line else []
            continue
        held.append(line)
        is_short = len(line) < width * 0.75
        if is_short and (_SENTENCE_END.search(line) or len(held) == 1):
            yield _join(held)
            held = []
    if held:
        yield _join(held)


def _join(lines: list[str]) -> str:
    parts = [lines[0]]
    for before, line in pairwise(lines):
        # Chinese and Japanese have no spaces between lines.
        parts.append("" if before[-1:] > "\u2e7f" and line[:1] > "\u2e7f" else " ")
        parts.append(line)
    return "".join(parts)
