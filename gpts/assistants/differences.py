"""What differs between two states of a GPT: field by field, texts line by line and word by word. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext_lazy as _

_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|\s+|[^\s\u3400-\u9fff\uf900-\ufaff]+")
# Above this many words, finding the words that changed costs more than it tells.
WORD_LIMIT = 2_000
CONTEXT_LINES = 2
# Above this many pairs of lines nobody looks for which line became which.
PAIR_LIMIT = 2_500
LIKE_ENOUGH = 0.5

LABELS = {
    "name": _("Name"),
    "description": _("Description"),
    "instructions": _("Instructions"),
    "starters": _("Conversation starters"),
    "category": _("Category"),
    "icon": _("Icon"),
    "model": _("Model"),
    "capabilities": _("Capabilities"),
    "temperature": _("Temperature"),
    "seed": _("Seed"),
    "output_format": _("Answer format"),
    "output_schema": _("JSON schema"),
    "parallel_tool_calls": _("Parallel function calls"),
    "model_choice": _("Choice of model"),
    "allowed_models": _("Listed models"),
    "answers_only_from_knowledge": _("Answers only from its knowledge"),
    "no_answer_text": _("Answer when nothing fits"),
    "knowledge": _("Knowledge files"),
}


@dataclass(frozen=True)
class Segment:
    """A stretch of a line. ``kind``: same, add or remove."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """One line of a comparison. ``kind``: same, add, remove, or gap for lines left out.

    ``is_paired``: a remove whose next line, an add, is what became of it; both are compared word by word.
    """

    kind: str
    segments: tuple[Segment, ...]
    is_paired: bool = False


@dataclass(frozen=True)
class FieldDiff:
    field: str
    label: Any
    lines: tuple[Line, ...]

    def pairs(self) -> list[tuple[Line | None, Line | None]]:
        """The lines side by side: what was left of what is; a gap stands on both sides."""
        rows: list[tuple[Line | None, Line | None]] = []
        removed: list[Line] = []
        added: list[Line] = []
        for line in self.lines:
            if line.kind == "add" and line.is_paired:
                before = removed.pop()
                rows += zip_longest(removed, added)
                rows.append((before, line))
                removed, added = [], []
            elif line.kind == "add":
                added.append(line)
            elif line.kind == "remove":
                if added:
                    rows += zip_longest(removed, added)
                    removed, added = [], []
                removed.append(line)
            else:
                rows += zip_longest(removed, added)
                removed, added = [], []
                rows.append((line, line))
        return [*rows, *zip_longest(removed, added)]

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "lines": [
                {"kind": line.kind, "segments": [{"kind": s.kind, "text": s.text} for s in line.segments]}
                for line in self.lines
            ],
        }


def compare_fields(
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    files: Mapping[str, str] | None = None,
    words: Callable[[Any, str], str] | None = None,
) -> list[FieldDiff]:
    """Compare two results of services.versions.build_content; equal fields are left out.

    ``files`` names knowledge files by their hash; ``words`` says a field's value as people read it.
    """

    def text(content: dict[str, Any], field: str) -> str:
        if field == "knowledge":
            return "\n".join(sorted((files or {}).get(item, item) for item in content[field]))
        return words(content[field], field) if words is not None else _text(content[field])

    return [
        FieldDiff(field=field, label=label, lines=tuple(_lines(text(before, field), text(after, field))))
        for field, label in LABELS.items()
        if before.get(field) != after.get(field)
    ]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return "\n".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _lines(before: str, after: str) -> Iterator[Line]:
    old, new = before.split("\n") if before else [], after.split("\n") if after else []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _shortened(old[i1:i2], is_first=i1 == 0, is_last=i2 == len(old))
        else:
            for left, right in _aligned(old[i1:i2], new[j1:j2]):
                if left is not None and right is not None:
                    yield from _by_word(left, right)
                elif left is not None:
                    yield Line("remove", (Segment("remove", left),))
                elif right is not None:
                    yield Line("add", (Segment("add", right),))


def _aligned(old: list[str], new: list[str]) -> Iterator[tuple[str | None, str | None]]:
    """Say which new line each old line became, in their order; None stands for a line that has no other.

    As many old as new lines: one for one. Else those that share most words go together.
    """
    if len(old) == len(new) or not old or not new or len(old) * len(new) > PAIR_LIMIT:
        yield from _in_turn(old, new)
        return
    likeness = [[_likeness(left, right) for right in new] for left in old]
    # best[i][j]: what the lines from i and j on share at most when none crosses another.
    best = [[0.0] * (len(new) + 1) for _line in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            together = likeness[i][j] + best[i + 1][j + 1] if likeness[i][j] else 0.0
            best[i][j] = max(together, best[i + 1][j], best[i][j + 1])
    i = j = 0
    while i < len(old) and j < len(new):
        if likeness[i][j] and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
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


def _in_turn(old: list[str], new: list[str]) -> Iterator[tuple[str | None, str | None]]:
    if len(old) == len(new):
        yield from zip(old, new, strict=True)
        return
    yield from ((line, None) for line in old)
    yield from ((None, line) for line in new)


def _likeness(left: str, right: str) -> float:
    """The share of words that two lines have in common, 0 below LIKE_ENOUGH: then they are two lines."""
    one, other = _words(left), _words(right)
    total = one.total() + other.total()
    share = 2 * (one & other).total() / total if total else 0.0
    return share if share >= LIKE_ENOUGH else 0.0


def _words(line: str) -> Counter[str]:
    return Counter(word for word in _WORD.findall(line) if not word.isspace())


def _shortened(lines: list[str], *, is_first: bool, is_last: bool) -> Iterator[Line]:
    head = 0 if is_first else CONTEXT_LINES
    tail = 0 if is_last else CONTEXT_LINES
    if len(lines) <= head + tail + 1:
        kept: list[str | None] = [*lines]
    else:
        kept = [*lines[:head], None, *lines[len(lines) - tail :]]
    for line in kept:
        yield Line("gap", ()) if line is None else Line("same", (Segment("same", line),))


def _extend(segments: list[Segment], kind: str, text: str) -> None:
    if not text:
        return
    if segments and segments[-1].kind == kind:
        text = segments.pop().text + text
    segments.append(Segment(kind, text))


def _by_word(before: str, after: str) -> Iterator[Line]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > WORD_LIMIT:
        yield Line("remove", (Segment("remove", before),), is_paired=True)
        yield Line("add", (Segment("add", after),), is_paired=True)
        return
    removed: list[Segment] = []
    added: list[Segment] = []
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for place, (tag, i1, i2, j1, j2) in enumerate(steps):
        left, right = "".join(old[i1:i2]), "".join(new[j1:j2])
        # A blank between two changed words belongs to the change.
        is_same = tag == "equal" and not (left.isspace() and 0 < place < len(steps) - 1)
        _extend(removed, "same" if is_same else "remove", left)
        _extend(added, "same" if is_same else "add", right)
    yield Line("remove", tuple(removed), is_paired=True)
    yield Line("add", tuple(added), is_paired=True)
