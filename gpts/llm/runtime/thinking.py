"""Tells a model's thinking from its answer where both come as text: <think>…</think> and the like. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

# Opening and closing marks, in lower case. The closing mark alone also ends thinking: the templates of some
# models put the opening one into the prompt.
PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
}
_CLOSINGS = frozenset(PAIRS.values())
_MARKS = tuple(sorted((*PAIRS, *_CLOSINGS), key=len, reverse=True))
_MARK = re.compile("|".join(re.escape(mark) for mark in _MARKS), re.I)
_LONGEST = max(map(len, _MARKS))
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEAD = 200
# What a mark that is only talked about stands behind.
_QUOTES = " \t\"'`(“‘«「『"

Kind = Literal["text", "thinking", "withdrawn"]


class Piece(NamedTuple):
    """A piece of an answer. "withdrawn": the text since the last thinking was thinking too."""

    kind: Kind
    text: str = ""


class ThinkingSplitter:
    """Takes the text of one request in chunks of any size and returns its pieces in order.

    A mark opens thinking at the beginning, and later on a line of its own outside code; so an answer about
    these marks stays readable. What may be the beginning of a mark waits for the next chunk. Where the answer
    is no prose but JSON, marks count only at the beginning.
    """

    def __init__(self, *, is_prose: bool = True) -> None:
        self._is_prose = is_prose
        self._held = ""
        self._closing = ""
        self._is_start = True
        self._skips_space = False
        self._code = _CodeState()

    def feed(self, text: str) -> list[Piece]:
        if not self._held and not self._closing and not self._skips_space and not _may_hold_mark(text):
            self._note(text)
            return [Piece("text", text)] if text else []
        return self._read(self._held + text, is_last=False)

    def finish(self) -> list[Piece]:
        """Return what was held back, at the end of the stream."""
        return self._read(self._held, is_last=True)

    def _read(self, text: str, *, is_last: bool) -> list[Piece]:
        self._held = ""
        pieces: list[Piece] = []
        while text:
            text = (
                self._read_thinking(text, pieces) if self._closing else self._read_text(text, pieces, is_last)
            )
            if self._held:
                if is_last:
                    self._add(pieces, "thinking" if self._closing else "text", self._held)
                    self._held = ""
                break
        return pieces

    def _read_thinking(self, text: str, pieces: list[Piece]) -> str:
        """Take thinking up to its closing mark; returns the rest."""
        at = text.lower().find(self._closing)
        if at < 0:
            kept = len(text) - _count_begun(text, (self._closing,))
            self._add(pieces, "thinking", text[:kept])
            self._held = text[kept:]
            return ""
        self._add(pieces, "thinking", text[:at])
        rest = text[at + len(self._closing) :]
        self._closing, self._skips_space = "", True
        return rest

    def _read_text(self, text: str, pieces: list[Piece], is_last: bool) -> str:
        """Take text up to the first mark that counts; returns the rest."""
        match = _MARK.search(text)
        if match is None:
            kept = len(text) - (0 if is_last else _count_begun(text, _MARKS))
            self._add(pieces, "text", text[:kept])
            self._held = text[kept:]
            return ""
        self._add(pieces, "text", text[: match.start()])
        rest = text[match.end() :]
        if not rest and not is_last and not self._is_start:
            # The next character decides.
            self._held = match[0]
            return ""
        mark = match[0].lower()
        if mark in PAIRS:
            if self._is_start or self._opens(rest[:1]):
                self._closing = PAIRS[mark]
                return rest
        elif self._is_start or self._closes(rest[:1]):
            if not self._is_start:
                pieces.append(Piece("withdrawn"))
            self._skips_space = True
            return rest
        self._add(pieces, "text", match[0])
        return rest

    def _opens(self, following: str) -> bool:
        return self._is_prose and following in ("\n", "\r") and self._code.is_line_start()

    def _closes(self, following: str) -> bool:
        """Return whether a closing mark without an opening one ends thinking, by what stands around it."""
        if not self._is_prose or self._code.is_code():
            return False
        return following in ("", "\n", "\r") or self._code.get_last() not in _QUOTES

    def _add(self, pieces: list[Piece], kind: Kind, text: str) -> None:
        if kind == "text":
            if self._skips_space:
                text = text.lstrip()
                self._skips_space = not text
            self._note(text)
        if not text:
            return
        if pieces and pieces[-1].kind == kind:
            pieces[-1] = Piece(kind, pieces[-1].text + text)
        else:
            pieces.append(Piece(kind, text))

    def _note(self, text: str) -> None:
        if self._is_start and text and not text.isspace():
            self._is_start = False
        self._code.add(text)


class _CodeState:
    """Whether the end of a text is in code; reads the text only when asked, and each part once."""

    def __init__(self) -> None:
        self._unread: list[str] = []
        self._fence = ""
        self._begin_line()

    def add(self, text: str) -> None:
        if text:
            self._unread.append(text)

    def is_code(self) -> bool:
        self._read()
        return bool(self._fence) or self._ticks % 2 == 1 or _FENCE.match(self._head) is not None

    def is_line_start(self) -> bool:
        return not self.is_code() and not self._head.strip()

    def get_last(self) -> str:
        """Return the last character of the line, a line end for an empty one."""
        self._read()
        return self._last

    def _begin_line(self) -> None:
        # The beginning of the current line, the number of its backticks, and its last character.
        self._head, self._ticks, self._last = "", 0, "\n"

    def _read(self) -> None:
        *lines, rest = "".join(self._unread).split("\n")
        self._unread.clear()
        for line in lines:
            match = _FENCE.match((self._head + line)[:_HEAD])
            if match is not None and not self._fence:
                self._fence = match[1]
            elif match is not None and match[1].startswith(self._fence):
                self._fence = ""
            self._begin_line()
        self._head = (self._head + rest[:_HEAD])[:_HEAD]
        self._ticks += rest.count("`")
        self._last = rest[-1:] or self._last


def _may_hold_mark(text: str) -> bool:
    return "<" in text or "[" in text or "◁" in text


def _count_begun(text: str, marks: tuple[str, ...]) -> int:
    """Return the length of the text's end that may be the beginning of one of the marks."""
    for at in range(max(len(text) - _LONGEST, 0), len(text)):
        if text[at] in "<[◁":
            end = text[at:].lower()
            if any(mark.startswith(end) for mark in marks):
                return len(end)
    return 0
