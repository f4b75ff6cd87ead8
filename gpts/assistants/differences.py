"""Differences between two contents of a GPT, field by field; core.text_diff compares the texts. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.text_diff import Line, diff_texts, pair_lines

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
class FieldDiff:
    field: str
    label: Any
    lines: tuple[Line, ...]

    @property
    def pairs(self) -> list[tuple[Line | None, Line | None]]:
        """Return the lines as rows of two columns, old and new; a gap is in both."""
        return pair_lines(self.lines)

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "lines": [
                {"kind": line.kind, "segments": [{"kind": s.kind, "text": s.text} for s in line.segments]}
                for line in self.lines
            ],
        }


def compare_fields(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    files: Mapping[str, str] | None = None,
    format_value: Callable[[Any, str], str] | None = None,
) -> list[FieldDiff]:
    """Compare two results of gpts.assistants.content.build_content; equal fields are left out.

    ``files`` maps hashes of knowledge files to names. ``format_value`` turns a value and its field's name
    into text; without it, values stay as they are stored.
    """

    def format_field(content: Mapping[str, Any], field: str) -> str:
        if field == "knowledge":
            return "\n".join(sorted((files or {}).get(item, item) for item in content[field]))
        return format_value(content[field], field) if format_value is not None else _format(content[field])

    return [
        FieldDiff(
            field=field,
            label=label,
            lines=tuple(diff_texts(format_field(before, field), format_field(after, field))),
        )
        for field, label in LABELS.items()
        if before.get(field) != after.get(field)
    ]


def _format(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return "\n".join(str(item) for item in value) if isinstance(value, list) else str(value)
