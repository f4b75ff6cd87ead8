"""What differs between two states of a GPT: field by field, texts line by line and word by word. Pure."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
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
    """One line of a comparison. ``kind``: same, add, remove, or gap for lines left out."""

    kind: str
    segments: tuple[Segment, ...]


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
            if line.kind == "remove" and not added:
                removed.append(line)
            elif line.kind == "add":
                added.append(line)
            else:
                rows += zip_longest(removed, added)
                removed, added = ([line], []) if line.kind == "remove" else ([], [])
                if line.kind != "remove":
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


def compare(
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    files: Mapping[str, str] | None = None,
    words: Callable[[Any, str], str] | None = None,
) -> list[FieldDiff]:
    """Compare two contents as gpts.services.versions.content_of gives them; equal fields are left out.

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
