"""What differs between two states of a GPT: field by field, texts line by line and word by word. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|\s+|[^\s\u3400-\u9fff\uf900-\ufaff]+")
# Above this many words, finding the words that changed costs more than it tells.
WORD_LIMIT = 2_000
CONTEXT_LINES = 2

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
    "knowledge": _("Knowledge files"),
}


@dataclass(frozen=True)
class Segment:
    """A stretch of a line. ``kind``: same, add or remove."""

    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """One line of a comparison. ``kind``: same, add, remove, or gap for lines left out."""

    kind: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class FieldDiff:
    field: str
    label: Any
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "lines": [
                {"kind": line.kind, "segments": [{"kind": s.kind, "text": s.text} for s in line.segments]}
                for line in self.lines
            ],
        }


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[FieldDiff]:
    """Compare two contents as gpts.services.versions.content_of gives them; equal fields are left out."""
    return [
        FieldDiff(field=field, label=label, lines=tuple(_lines(_text(before[field]), _text(after[field]))))
        for field, label in LABELS.items()
        if before[field] != after[field]
    ]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return "\n".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _lines(before: str, after: str) -> Iterator[Line]:
    old, new = before.split("\n") if before else [], after.split("\n") if after else []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _shortened(old[i1:i2], is_first=i1 == 0, is_last=i2 == len(old))
        elif tag == "replace" and i2 - i1 == j2 - j1:
            for left, right in zip(old[i1:i2], new[j1:j2], strict=True):
                yield from _by_word(left, right)
        else:
            yield from (Line("remove", (Segment("remove", line),)) for line in old[i1:i2])
            yield from (Line("add", (Segment("add", line),)) for line in new[j1:j2])


def _shortened(lines: list[str], *, is_first: bool, is_last: bool) -> Iterator[Line]:
    head = 0 if is_first else CONTEXT_LINES
    tail = 0 if is_last else CONTEXT_LINES
    if len(lines) <= head + tail + 1:
        kept: list[str | None] = [*lines]
    else:
        kept = [*lines[:head], None, *lines[len(lines) - tail :]]
    for line in kept:
        yield Line("gap", ()) if line is None else Line("same", (Segment("same", line),))


def _by_word(before: str, after: str) -> Iterator[Line]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > WORD_LIMIT:
        yield Line("remove", (Segment("remove", before),))
        yield Line("add", (Segment("add", after),))
        return
    removed: list[Segment] = []
    added: list[Segment] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left, right = "".join(old[i1:i2]), "".join(new[j1:j2])
        if left:
            removed.append(Segment("same" if tag == "equal" else "remove", left))
        if right:
            added.append(Segment("same" if tag == "equal" else "add", right))
    yield Line("remove", tuple(removed))
    yield Line("add", tuple(added))
