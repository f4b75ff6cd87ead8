"""What was read of one streamed answer: text, thinking, function calls, tokens, and how it ended. Pure."""

from __future__ import annotations

from typing import Any

from gpts.llm.runtime.surrogates import SurrogateJoiner, join_surrogates
from gpts.llm.runtime.text_calls import TextCallFilter
from gpts.llm.runtime.thinking import Piece, ThinkingSplitter
from gpts.llm.runtime.tool_calls import ToolCalls
from gpts.llm.runtime.types import (
    FailureCode,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    TextDelta,
    TextWithdrawn,
    ThinkingDelta,
    ToolProposed,
    Usage,
)
from gpts.llm.runtime.usage import check_usage, read_count

LABEL_LENGTH = 200
MAX_WEB_SOURCES = 20
_NO_MARKDOWN = str.maketrans(dict.fromkeys("[]()<>*_`\\!|#", " "))

# Reasons of an end as servers write them, without marks and in lower case; all others mean "stop".
_LENGTH_REASONS = frozenset(
    {"length", "maxtokens", "maxoutputtokens", "maxlength", "modellength", "tokenlimit", "contextlength"}
)
_REFUSED_REASONS = frozenset({
    "contentfilter", "contentfiltered", "safety", "sensitive", "prohibitedcontent", "recitation", "blocklist",
    "spii", "refusal",
})  # fmt: skip
_BROKEN_REASONS = frozenset({
    "error", "networkerror", "servererror", "insufficientsystemresource", "failed", "failure", "abort",
    "aborted", "cancelled", "canceled", "timeout", "malformedfunctioncall",
})  # fmt: skip


class AnswerReader:
    """Collects one answer; the methods that add a piece return the events for it."""

    __slots__ = (
        "_calls_in_text", "_content", "_given", "_joiner", "_sources", "_splitter", "_thinking",
        "_thinking_joiner", "calls", "failure", "finish_reason", "is_ended", "provider_calls", "usage",
    )  # fmt: skip

    def __init__(self, request: ModelRequest) -> None:
        self.usage: Usage | None = None
        # stop, length, or empty before the end.
        self.finish_reason = ""
        # Whether the protocol's last event was read ([DONE] for Chat Completions).
        self.is_ended = False
        self.failure: ModelFailure | None = None
        self.calls = ToolCalls()
        # Ids of the provider's own calls that were told.
        self.provider_calls: set[str] = set()
        # What came as text, as thinking, and the text of the answer since the last thinking.
        self._content: list[str] = []
        self._thinking: list[str] = []
        self._given: list[str] = []
        self._sources: dict[str, str] = {}
        self._joiner, self._thinking_joiner = SurrogateJoiner(), SurrogateJoiner()
        self._splitter = ThinkingSplitter(is_prose=request.output is None)
        has_tools = bool(request.tools) and request.may_call_tools
        self._calls_in_text = TextCallFilter(request.tools) if has_tools else None

    # Pieces ----------------------------------------------------------------------------------------------

    def add_text(self, text: str) -> list[ModelEvent]:
        # PostgreSQL cannot store NUL.
        text = text.replace("\x00", "")
        self._content.append(text)
        return self._give(self._splitter.feed(self._joiner.feed(text)))

    def add_thinking(self, text: str) -> list[ModelEvent]:
        joined = self._thinking_joiner.feed(text)
        self._thinking.append(text)
        return [ThinkingDelta(joined)] if joined else []

    def add_missing_text(self, whole: str) -> list[ModelEvent]:
        """Add what a final message with the whole text has beyond the pieces before it."""
        before = "".join(self._content)
        return self.add_text(whole[len(before) :]) if whole.startswith(before) else []

    def add_missing_thinking(self, whole: str) -> list[ModelEvent]:
        """Add the thinking of a final message, unless some came before."""
        return [] if self._thinking or not whole else self.add_thinking(whole)

    def add_usage(self, sent: object, received: object) -> None:
        """Note the provider's count: the last one with two numbers, but zeros replace no count."""
        given = read_count(sent), read_count(received)
        if given[0] is None or given[1] is None or (self.usage is not None and given == (0, 0)):
            return
        self.usage = Usage(given[0], given[1])

    def add_web_source(self, annotation: object) -> None:
        """Add a page that the answer cites, once; only web addresses."""
        fields = annotation if isinstance(annotation, dict) else {}
        nested = fields.get("url_citation")
        fields = fields | nested if isinstance(nested, dict) else fields
        url = str(fields.get("url") or "")
        if fields.get("type") != "url_citation" or not url.startswith(("https://", "http://")):
            return
        if len(self._sources) < MAX_WEB_SOURCES and len(url) <= 2_000 and not set(url) & set(" <>\n\r\t"):
            self._sources.setdefault(url, join_surrogates(str(fields.get("title") or "")))

    # The end ---------------------------------------------------------------------------------------------

    def finish(self, reason: object) -> None:
        """Note the reason of the end. Raises ModelFailure for one that says that the answer is not whole."""
        if not isinstance(reason, str) or not reason.strip():
            return
        word = "".join(letter for letter in reason.lower() if letter.isalpha())
        if word in _REFUSED_REASONS:
            raise ModelFailure(FailureCode.CONTENT_REFUSED, detail="content_filter")
        if word in _BROKEN_REASONS:
            raise ModelFailure(FailureCode.INTERRUPTED, detail=f"finish_{word}")
        self.finish_reason = "length" if word in _LENGTH_REASONS else "stop"

    def close(self) -> list[ModelEvent]:
        """Return what was held back. Call it once, at the end of the stream, also of a broken one."""
        thinking = self._thinking_joiner.finish()
        events: list[ModelEvent] = [ThinkingDelta(thinking)] if thinking else []
        events += self._give([*self._splitter.feed(self._joiner.finish()), *self._splitter.finish()])
        if self._calls_in_text is None:
            return events
        found = self._calls_in_text.finish()
        if found.text:
            events += self._give_text(found.text)
        if not self.calls:
            for call in found.calls:
                self.calls.add_whole(call.call_id, call.name, call.arguments)
            if found.is_unreadable and self.failure is None:
                self.failure = ModelFailure(FailureCode.UNREADABLE_CALL)
        return events

    def check_end(self) -> None:
        """Raise ModelFailure for a stream that ended before the answer did."""
        if self.finish_reason or (self.is_ended and (self._content or self._thinking or self.calls)):
            return
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="no_end")

    def get_finish_reason(self) -> str:
        """Return stop, length or tool_calls."""
        return "tool_calls" if self.calls else self.finish_reason or "stop"

    def list_tool_calls(self) -> list[ToolProposed]:
        return self.calls.list_calls()

    def get_usage(self, request: ModelRequest) -> Usage:
        calls = "".join(f"{call.name}{call.arguments}" for call in self.list_tool_calls())
        return check_usage(self.usage, request, "".join([*self._thinking, *self._content]), calls)

    def format_web_sources(self) -> str:
        """Return Markdown links to the cited pages that the text does not link to; empty without any."""
        said = "".join(self._content)
        links = [
            f"- [{_strip_markdown(title) or _strip_markdown(url)}](<{url}>)"
            for url, title in self._sources.items()
            if url not in said
        ]
        return "\n\n" + "\n".join(links) if links else ""

    # -----------------------------------------------------------------------------------------------------

    def _give(self, pieces: list[Piece]) -> list[ModelEvent]:
        events: list[ModelEvent] = []
        for piece in pieces:
            if piece.kind == "text":
                text = piece.text if self._calls_in_text is None else self._calls_in_text.feed(piece.text)
                events += self._give_text(text)
                continue
            if piece.kind == "withdrawn":
                events += self._withdraw()
            else:
                events.append(ThinkingDelta(piece.text))
            self._given.clear()
        return events

    def _give_text(self, text: str) -> list[ModelEvent]:
        if not text:
            return []
        self._given.append(text)
        return [TextDelta(text)]

    def _withdraw(self) -> list[ModelEvent]:
        """Turn the text since the last thinking into thinking, with what was held back of it."""
        text = "".join(self._given)
        held = "" if self._calls_in_text is None else self._calls_in_text.withdraw()
        events: list[ModelEvent] = [TextWithdrawn(len(text))] if text else []
        return [*events, ThinkingDelta(text + held)] if text or held else []


def read_parts(content: Any) -> tuple[str, str]:
    """Return the text and the thinking of a content, which is a text, or a list of parts."""
    if isinstance(content, str):
        return content, ""
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return "", ""
    texts: list[str] = []
    thinking: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind = str(part.get("type") or "text")
            if "think" in kind or "reason" in kind:
                inner = next(
                    (part[key] for key in ("thinking", "text", "summary", "content") if part.get(key)), ""
                )
                thinking.append("".join(read_parts(inner)))
            elif kind in ("text", "output_text", "input_text") and isinstance(part.get("text"), str):
                texts.append(part["text"])
    return "".join(texts), "".join(thinking)


def _strip_markdown(text: str) -> str:
    """Return a page's title as the text of a link: one line without Markdown."""
    return " ".join(text.translate(_NO_MARKDOWN).split())[:LABEL_LENGTH]
