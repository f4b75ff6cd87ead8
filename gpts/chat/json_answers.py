"""JSON answers: validated once at the end of a turn, displayed as tables and facts, or raw."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from gpts.llm.output_messages import describe_output_problem
from gpts.llm.runtime.outputs import find_problems, read_output
from gpts.llm.runtime.types import OutputSpec

OUTPUT_KIND = "output"
MAX_ROWS = 200
MAX_COLUMNS = 12
MAX_FIELDS = 60
MAX_DEPTH = 3
CELL_CHARACTERS = 500


@dataclass
class JSONView:
    """A JSON value prepared for display. ``kind``: table (columns, rows), facts (facts), list (items) or
    text; ``left_out`` counts the rows beyond the limit."""

    kind: str
    text: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[JSONView]] = field(default_factory=list)
    facts: list[tuple[str, JSONView]] = field(default_factory=list)
    items: list[JSONView] = field(default_factory=list)
    left_out: int = 0
    is_number: bool = False


def build_output_entry(text: str, output: OutputSpec | None) -> dict[str, Any] | None:
    """Build the entry of Message.tools with the problems of a JSON answer; None for prose."""
    if output is None:
        return None
    problems = find_problems(text, output.schema)
    return {
        "kind": OUTPUT_KIND,
        "label": output.format,
        "is_ok": not problems,
        "problems": [{"code": p.code, "path": p.path, "detail": p.detail} for p in problems],
    }


def find_output_entry(tools: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Find the entry of build_output_entry among a message's tools."""
    return next((entry for entry in tools if entry.get("kind") == OUTPUT_KIND), None)


def render_output(text: str, entry: Mapping[str, Any] | None) -> SafeString:
    """Render the answer as safe HTML: a table or facts, and the raw text; invalid JSON raw, with the reasons.

    ``entry`` is find_output_entry(message.tools). The chat page adds the retry button.
    """
    problems = [describe_output_problem(problem) for problem in (entry or {}).get("problems", ())]
    value, unreadable = read_output(text)
    view = None if unreadable is not None else build_json_view(value)
    raw = text if unreadable is not None else json.dumps(value, ensure_ascii=False, indent=2)
    context = {"view": view, "raw": raw, "problems": problems}
    html = render_to_string("components/json_answer.html", context)
    # Unpaired surrogates, which models produce in escapes, cannot be encoded as UTF-8.
    return mark_safe(html.encode("utf-8", "replace").decode())  # noqa: S308  # escaped by the template


def build_json_view(value: Any, depth: int = 0) -> JSONView:
    if isinstance(value, dict) and value and depth < MAX_DEPTH:
        facts = [
            (str(name)[:CELL_CHARACTERS], build_json_view(item, depth + 1)) for name, item in value.items()
        ]
        return JSONView("facts", facts=facts[:MAX_FIELDS], left_out=max(len(facts) - MAX_FIELDS, 0))
    if isinstance(value, list) and value and depth < MAX_DEPTH:
        shown, left_out = value[:MAX_ROWS], max(len(value) - MAX_ROWS, 0)
        if all(isinstance(item, dict) for item in value):
            columns = list(dict.fromkeys(name for item in shown for name in item))
            if 0 < len(columns) <= MAX_COLUMNS:
                rows = [
                    [
                        build_json_view(item[name], depth + 2) if name in item else JSONView("text")
                        for name in columns
                    ]
                    for item in shown
                ]
                names = [name[:CELL_CHARACTERS] for name in columns]
                return JSONView("table", columns=names, rows=rows, left_out=left_out)
        return JSONView("list", items=[build_json_view(item, depth + 1) for item in shown], left_out=left_out)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return JSONView("text", text=_format_value(value), is_number=is_number)


def _format_value(value: Any) -> str:
    if value is None or value in ({}, []):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= CELL_CHARACTERS else text[:CELL_CHARACTERS] + "…"
