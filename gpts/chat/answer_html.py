"""An answer as safe HTML: markdown with its citations, or JSON as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString

from core.markdown import render
from gpts.chat.citations import with_citations
from gpts.chat.json_answers import OUTPUT_KIND, output_of, render_output
from gpts.chat.models import Turn
from gpts.llm.states import Capability

Entries = Sequence[Mapping[str, Any]]


def answer_html(text: str, *, citations: Entries, tools: Entries, turn: Turn) -> SafeString | str:
    """The whole answer; empty for none. A JSON answer is known by its entry among ``tools``."""
    if not text:
        return ""
    output = output_of(tools)
    if output is not None:
        return render_output(text, output)
    return with_citations(render(text), citations, turn)


def shown_tools(tools: Entries) -> list[dict[str, Any]]:
    """What the provider's own tools did, with words for a reader."""
    return [
        {"kind": tool.get("kind"), "is_ok": bool(tool.get("is_ok")), "label": _words(tool)}
        for tool in tools
        if tool.get("kind") != OUTPUT_KIND
    ]


def _words(tool: Mapping[str, Any]) -> str:
    kind, label = str(tool.get("kind", "")), str(tool.get("label", ""))
    name = str(Capability(kind).label) if kind in Capability.values else kind
    return f"{name}: {label}" if label else name
