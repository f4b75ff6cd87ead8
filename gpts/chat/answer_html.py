"""Answers as safe HTML: markdown with citations, or JSON as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString

from core.markdown import render
from gpts.chat.citations import link_citations
from gpts.chat.json_answers import OUTPUT_KIND, find_output_entry, render_output
from gpts.chat.models import Turn
from gpts.llm.states import Capability

Entries = Sequence[Mapping[str, Any]]


def render_answer(text: str, *, citations: Entries, tools: Entries, turn: Turn) -> SafeString | str:
    """Render the whole answer; empty text stays empty. An output entry in ``tools`` marks a JSON answer."""
    if not text:
        return ""
    output = find_output_entry(tools)
    if output is not None:
        return render_output(text, output)
    return link_citations(render(text, person_id=turn.user_id), citations, turn)


def describe_tools(tools: Entries) -> list[dict[str, Any]]:
    """Describe for a reader what the provider's own tools did."""
    return [
        {"kind": tool.get("kind"), "is_ok": bool(tool.get("is_ok")), "label": _describe_tool(tool)}
        for tool in tools
        if tool.get("kind") != OUTPUT_KIND
    ]


def _describe_tool(tool: Mapping[str, Any]) -> str:
    kind, label = str(tool.get("kind", "")), str(tool.get("label", ""))
    name = str(Capability(kind).label) if kind in Capability.values else kind
    return f"{name}: {label}" if label else name
