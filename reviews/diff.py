"""What changed between two texts: by lines, and by words inside a changed line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# A CJK character is a word of its own: there are no spaces between words.
_TOKENS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|\s+|[^\w\s]")
CONTEXT = 3


@dataclass(frozen=True)
class Segment:
    """A stretch of a line; ``is_changed`` words are marked."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True)
class Line:
    """``kind`` is same, add, remove or gap (of ``hidden`` unchanged lines)."""

    kind: str
    segments: tuple[Segment, ...] = ()
    hidden: int = 0


def diff_texts(before: str, after: str) -> list[Line]:
    """Return the lines of ``after`` with what was removed; long unchanged stretches become gaps."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += [_plain("same", text) for text in new[j1:j2]]
        elif tag == "replace":
            lines += _replaced(old[i1:i2], new[j1:j2])
        else:
            lines += [_plain("remove", text) for text in old[i1:i2]]
            lines += [_plain("add", text) for text in new[j1:j2]]
    return list(_folded(lines))


def _plain(kind: str, text: str) -> Line:
    return Line(kind, (Segment(text),))


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    pairs = min(len(old), len(new))
    for before, after in zip(old[:pairs], new[:pairs], strict=True):
        removed, added = _words(before, after)
        yield Line("remove", removed)
        yield Line("add", added)
    for text in old[pairs:]:
        yield _plain("remove", text)
    for text in new[pairs:]:
        yield _plain("add", text)


def _words(before: str, after: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    removed: list[Segment] = []
    added: list[Segment] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(
        None, old, new, autojunk=len(old) > 2000
    ).get_opcodes():
        is_changed = tag != "equal"
        if i2 > i1:
            removed.append(Segment("".join(old[i1:i2]), is_changed))
        if j2 > j1:
            added.append(Segment("".join(new[j1:j2]), is_changed))
    return tuple(removed), tuple(added)


def _folded(lines: list[Line]) -> Iterator[Line]:
    """Replace unchanged lines that are further than CONTEXT from a change by one gap."""
    near: set[int] = set()
    for index, line in enumerate(lines):
        if line.kind != "same":
            near.update(range(index - CONTEXT, index + CONTEXT + 1))
    hidden = 0
    for index, line in enumerate(lines):
        if line.kind == "same" and near and index not in near:
            hidden += 1
            continue
        if hidden:
            yield Line("gap", hidden=hidden)
            hidden = 0
        yield line
    if hidden:
        yield Line("gap", hidden=hidden)
