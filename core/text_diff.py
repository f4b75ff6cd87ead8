"""Differences between two texts: line by line, and word by word inside a changed line. Pure."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

# A Chinese or Japanese character is a word of its own: these scripts put no spaces between words.
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_CJK}]|\s+|[^\s{_CJK}]+")
# Two lines with more tokens than this together are not compared word by word: it takes too long.
MAX_TOKENS = 2_000
# Blocks with more combinations of old and new lines are not searched for similar lines, for the same reason.
MAX_COMBINATIONS = 2_500
# Pairs of equal lines; with more of them, texts are compared as wholes. Ordinary texts have hardly more than
# lines.
MAX_EQUAL_PAIRS = 200_000
MIN_SIMILARITY = 0.5


@dataclass(frozen=True)
class Segment:
    """A stretch of a line. ``kind`` is same, add or remove."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """One line of a comparison. ``kind`` is same, add, remove, or gap for ``hidden`` unchanged lines.

    ``is_paired`` marks a remove and the add right after it when the second is the new form of the first;
    their segments show which words changed. Any other added or removed line is a single segment.
    """

    kind: str
    segments: tuple[Segment, ...] = ()
    is_paired: bool = False
    hidden: int = 0


def diff_texts(before: str, after: str, *, context: int = 2) -> list[Line]:
    """Return the lines of both texts in order; runs of unchanged lines become gaps.

    ``context`` is the number of unchanged lines kept around each change. A gap hides at least two lines.
    """
    old, new = before.split("\n") if before else [], after.split("\n") if after else []
    lines: list[Line] = []
    for tag, i1, i2, j1, j2 in _compare_lines(old, new):
        if tag == "equal":
            head = 0 if i1 == 0 else context
            tail = 0 if i2 == len(old) else context
            lines += _collapse(old[i1:i2], head=head, tail=tail)
            continue
        for left, right in _match_lines(old[i1:i2], new[j1:j2]):
            if left is not None and right is not None:
                lines += _diff_words(left, right)
            elif left is not None:
                lines.append(Line("remove", (Segment("remove", left),)))
            elif right is not None:
                lines.append(Line("add", (Segment("add", right),)))
    return lines


def _compare_lines(old: list[str], new: list[str]) -> Iterable[tuple[str, int, int, int, int]]:
    """Yield the steps from old to new lines, as difflib does; for texts of many equal lines in three steps.

    difflib takes time in proportion to the pairs of equal lines, again and again: minutes for texts of empty
    lines.
    """
    counts = Counter(old)
    if sum(counts[line] * number for line, number in Counter(new).items()) <= MAX_EQUAL_PAIRS:
        return difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    head = next(
        (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    rest = min(len(old), len(new)) - head
    backwards = zip(reversed(old), reversed(new), strict=False)
    tail = next((i for i, (a, b) in enumerate(backwards) if a != b or i == rest), rest)
    steps = [
        ("equal", 0, head, 0, head),
        ("replace", head, len(old) - tail, head, len(new) - tail),
        ("equal", len(old) - tail, len(old), len(new) - tail, len(new)),
    ]
    return [step for step in steps if step[1] < step[2] or step[3] < step[4]]


def pair_lines(lines: Iterable[Line]) -> list[tuple[Line | None, Line | None]]:
    """Return the lines of a comparison as rows of two columns, old and new.

    Unchanged lines and gaps are in both columns; a line without a counterpart is beside None.
    """
    rows: list[tuple[Line | None, Line | None]] = []
    removed: list[Line] = []
    added: list[Line] = []

    def flush() -> None:
        rows.extend(zip_longest(removed, added))
        removed.clear()
        added.clear()

    for line in lines:
        if line.kind == "add" and line.is_paired:
            before = removed.pop()
            flush()
            rows.append((before, line))
        elif line.kind == "add":
            added.append(line)
        elif line.kind == "remove":
            if added:
                flush()
            removed.append(line)
        else:
            flush()
            rows.append((line, line))
    flush()
    return rows


def _collapse(lines: list[str], *, head: int, tail: int) -> Iterator[Line]:
    """Yield unchanged lines, with all but the first ``head`` and the last ``tail`` replaced by a gap."""
    hidden = len(lines) - head - tail
    if hidden <= 1:
        yield from (_unchanged(line) for line in lines)
        return
    yield from (_unchanged(line) for line in lines[:head])
    yield Line("gap", hidden=hidden)
    yield from (_unchanged(line) for line in lines[len(lines) - tail :])


def _unchanged(line: str) -> Line:
    return Line("same", (Segment("same", line),))


def _match_lines(old: list[str], new: list[str]) -> Iterator[tuple[str | None, str | None]]:
    """Yield each old line with its new form, in order; None for a line without a counterpart.

    Equally many old and new lines are matched one for one, others by the words that they share: the
    longest-common-subsequence algorithm with the similarity of two lines as the weight of a match.
    """
    if len(old) == len(new):
        yield from zip(old, new, strict=True)
        return
    if not old or not new or len(old) * len(new) > MAX_COMBINATIONS:
        yield from ((line, None) for line in old)
        yield from ((None, line) for line in new)
        return
    similarity = [[_similarity(left, right) for right in new] for left in old]
    # best[i][j]: the highest total similarity of old[i:] and new[j:].
    best = [[0.0] * (len(new) + 1) for _line in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            matched = similarity[i][j] + best[i + 1][j + 1] if similarity[i][j] else 0.0
            best[i][j] = max(matched, best[i + 1][j], best[i][j + 1])
    i = j = 0
    while i < len(old) and j < len(new):
        if similarity[i][j] and best[i][j] == similarity[i][j] + best[i + 1][j + 1]:
            yield old[i], new[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield old[i], None
            i += 1
        else:
            yield None, new[j]
            j += 1
    yield from ((line, None) for line in old[i:])
    yield from ((None, line) for line in new[j:])


def _similarity(left: str, right: str) -> float:
    """Return the share of words that two lines have in common; 0 below MIN_SIMILARITY."""
    one, other = _count_words(left), _count_words(right)
    total = one.total() + other.total()
    share = 2 * (one & other).total() / total if total else 0.0
    return share if share >= MIN_SIMILARITY else 0.0


def _count_words(line: str) -> Counter[str]:
    return Counter(token for token in _TOKEN.findall(line) if not token.isspace())


def _diff_words(before: str, after: str) -> tuple[Line, Line]:
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    removed: list[Segment] = []
    added: list[Segment] = []
    if len(old) + len(new) > MAX_TOKENS:
        removed, added = [Segment("remove", before)], [Segment("add", after)]
    else:
        steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for number, (tag, i1, i2, j1, j2) in enumerate(steps):
            left, right = "".join(old[i1:i2]), "".join(new[j1:j2])
            # Whitespace between two changed words belongs to the change.
            is_same = tag == "equal" and not (left.isspace() and 0 < number < len(steps) - 1)
            _append(removed, "same" if is_same else "remove", left)
            _append(added, "same" if is_same else "add", right)
    return Line("remove", tuple(removed), is_paired=True), Line("add", tuple(added), is_paired=True)


def _append(segments: list[Segment], kind: str, text: str) -> None:
    """Append a segment, or extend the last one when it is of the same kind."""
    if not text:
        return
    if segments and segments[-1].kind == kind:
        text = segments.pop().text + text
    segments.append(Segment(kind, text))
