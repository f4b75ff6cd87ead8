"""JSON answers for people: checked once at the end of a turn, shown as tables and facts, or raw."""

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
SHOWN_ROWS = 200
SHOWN_COLUMNS = 12
SHOWN_FIELDS = 60
SHOWN_DEPTH = 3
CELL_CHARACTERS = 500


@dataclass
class Shape:
    """A JSON value as a page shows it. ``kind``: table (columns, rows), facts (facts), list (items) or
    text; ``left_out`` counts rows that do not stand on the page."""

    kind: str
    text: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[Shape]] = field(default_factory=list)
    facts: list[tuple[str, Shape]] = field(default_factory=list)
    items: list[Shape] = field(default_factory=list)
    left_out: int = 0
    is_number: bool = False


def output_entry(text: str, output: OutputSpec | None) -> dict[str, Any] | None:
    """The entry of Message.tools about a JSON answer: whether it is valid, and why not. None for prose."""
    if output is None:
        return None
    problems = find_problems(text, output.schema)
    return {
        "kind": OUTPUT_KIND,
        "label": output.format,
        "is_ok": not problems,
        "problems": [{"code": p.code, "path": p.path, "detail": p.detail} for p in problems],
    }


def output_of(tools: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The entry about JSON output among a message's tools."""
    return next((entry for entry in tools if entry.get("kind") == OUTPUT_KIND), None)


def render_output(text: str, entry: Mapping[str, Any] | None) -> SafeString:
    """The answer as safe HTML: a table or facts with the raw text beside it; what is invalid raw, with why.

    ``entry`` is output_of(message.tools). A retry button is the chat's own.
    """
    problems = [describe_output_problem(problem) for problem in (entry or {}).get("problems", ())]
    value, unreadable = read_output(text)
    shape = None if unreadable is not None else shape_of(value)
    raw = text if unreadable is not None else json.dumps(value, ensure_ascii=False, indent=2)
    context = {"shape": shape, "raw": raw, "problems": problems}
    html = render_to_string("components/json_answer.html", context)
    # Half a character, as models write them in escapes, cannot leave as UTF-8.
    return mark_safe(html.encode("utf-8", "replace").decode())  # noqa: S308  # escaped by the template


def shape_of(value: Any, depth: int = 0) -> Shape:
    if isinstance(value, dict) and value and depth < SHOWN_DEPTH:
        facts = [(str(name)[:CELL_CHARACTERS], shape_of(item, depth + 1)) for name, item in value.items()]
        return Shape("facts", facts=facts[:SHOWN_FIELDS], left_out=max(len(facts) - SHOWN_FIELDS, 0))
    if isinstance(value, list) and value and depth < SHOWN_DEPTH:
        shown, left_out = value[:SHOWN_ROWS], max(len(value) - SHOWN_ROWS, 0)
        if all(isinstance(item, dict) for item in value):
            columns = list(dict.fromkeys(name for item in shown for name in item))
            if 0 < len(columns) <= SHOWN_COLUMNS:
                rows = [
                    [shape_of(item[name], depth + 2) if name in item else Shape("text") for name in columns]
                    for item in shown
                ]
                names = [name[:CELL_CHARACTERS] for name in columns]
                return Shape("table", columns=names, rows=rows, left_out=left_out)
        return Shape("list", items=[shape_of(item, depth + 1) for item in shown], left_out=left_out)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Shape("text", text=_as_text(value), is_number=is_number)


def _as_text(value: Any) -> str:
    if value is None or value in ({}, []):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= CELL_CHARACTERS else text[:CELL_CHARACTERS] + "…"
