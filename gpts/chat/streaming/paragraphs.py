"""Renders finished paragraphs of a running answer; its end event replaces them."""

from __future__ import annotations

import asyncio
import re

from django.utils import translation
from django.utils.html import escape

from core.markdown import render
from gpts.chat.streaming.frames import build_frame
from gpts.chat.streaming.job import TurnSink
from gpts.chat.streaming.threads import in_render_thread

# A paragraph without any of these characters is only escaped; markdown is rendered in a thread.
MARKUP = re.compile(r"[`*_~\[\]<>|#!\\&$:]|^\s*(?:[-+=]|\d+[.)])|\n", re.MULTILINE)


class ParagraphRenderer:
    """Renders one paragraph at a time, in order."""

    def __init__(self, language: str, person_id: int) -> None:
        self._language = language
        self._person_id = person_id
        self._rendered_length = 0
        self._task: asyncio.Task[None] | None = None

    def render_new(self, sink: TurnSink) -> None:
        """Send the paragraphs that ended since the last call."""
        if self._task is not None:
            return
        self._rendered_length = max(self._rendered_length, sink.text_start)
        boundary = sink.text.rfind("\n\n", self._rendered_length)
        if boundary <= self._rendered_length:
            return
        piece = sink.text[self._rendered_length : boundary]
        if (
            piece.count("```") % 2
            or piece.count("~~~") % 2
            or piece.count("<details") > piece.count("</details")
        ):
            return
        upto = boundary + 2
        if MARKUP.search(piece) is None:
            self._rendered_length = upto
            sink.send_here(build_frame("html", {"html": f"<p>{escape(piece)}</p>\n", "upto": upto}))
            return
        self._task = asyncio.get_running_loop().create_task(self._render(piece, upto, sink))

    async def _render(self, piece: str, upto: int, sink: TurnSink) -> None:
        html = await in_render_thread(_render_markdown, piece, self._language, self._person_id)
        self._task = None
        if sink.is_over or upto <= sink.text_start:
            return
        self._rendered_length = upto
        sink.send_here(build_frame("html", {"html": html, "upto": upto}))


def _render_markdown(piece: str, language: str, person_id: int) -> str:
    with translation.override(language):
        return render(piece, person_id=person_id)
