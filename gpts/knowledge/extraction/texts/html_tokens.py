"""Splits HTML that is fed in chunks into text and tags, in time linear in its length. Pure.

The standard library's parser searches the rest of the page again for each unclosed comment, tag or marked
section. This one, like browsers, decides on each construct once and never goes back: what is not closed runs
to the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from html import unescape

NAME_LENGTH = 40
# Their content is no markup; it is dropped.
RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}
_TAG = re.compile(r"</?[a-zA-Z]")
_NAME = re.compile(r"[^\t\n\r\f />]*")
_TAG_STEP = re.compile(r"[>=]")
_SPACES = re.compile(r"[\t\n\r\f ]*")
_ENDS = {
    "<!--": re.compile(r"--!?>"),
    "<![CDATA[": re.compile(r"\]\]>"),
    "<!": re.compile(">"),
    "<?": re.compile(">"),
    "</": re.compile(">"),
}
_LONGEST_OPENING = len("<![CDATA[")
# Characters of a chunk's end that are looked at again with the next chunk.
_TAIL = 16
# The longest character reference that is waited for at the end of a chunk.
_REFERENCE = 40
# Python refuses to convert longer numbers, and no character has one.
_LONG_NUMBER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")


class _Mode(Enum):
    TEXT = "text"
    NAME = "name of a tag"
    TAG = "inside a tag"
    VALUE = "behind an equals sign"
    QUOTED = "inside a quoted value"
    SKIPPED = "comment, declaration or marked section"
    RAW = "content of a script or style"


class Tokenizer:
    """Calls ``on_text``, ``on_start`` and ``on_end`` (with the lower-case name) as the page is fed."""

    def __init__(
        self, on_text: Callable[[str], None], on_start: Callable[[str], None], on_end: Callable[[str], None]
    ) -> None:
        self._on_text, self._on_start, self._on_end = on_text, on_start, on_end
        self._held = ""
        self._mode = _Mode.TEXT
        self._name = ""
        self._is_end_tag = False
        self._last = ""
        self._quote = ""
        self._end = _ENDS["<!"]

    def feed(self, text: str, *, is_last: bool = False) -> None:
        source = self._held + text
        at = 0
        steps = {
            _Mode.TEXT: self._read_text, _Mode.NAME: self._read_name, _Mode.TAG: self._read_tag,
            _Mode.VALUE: self._read_value, _Mode.QUOTED: self._read_quoted, _Mode.SKIPPED: self._skip,
            _Mode.RAW: self._skip_raw,
        }  # fmt: skip
        while at < len(source):
            following, needs_more = steps[self._mode](source, at, is_last)
            at = following
            if needs_more:
                break
        self._held = source[at:]

    # Each returns the position up to which it has read, and whether it needs the next chunk.

    def _read_text(self, source: str, at: int, is_last: bool) -> tuple[int, bool]:
        opening = source.find("<", at)
        if opening < 0:
            # A character reference may be cut at the end of a chunk.
            cut = source.rfind("&", max(at, len(source) - _REFERENCE))
            end = len(source) if is_last or cut < 0 else cut
            self._emit_text(source[at:end])
            return end, True
        if opening > at:
            self._emit_text(source[at:opening])
        if len(source) - opening < _LONGEST_OPENING and not is_last:
            return opening, True
        if _TAG.match(source, opening):
            self._is_end_tag = source[opening + 1] == "/"
            self._name, self._mode = "", _Mode.NAME
            return opening + 1 + self._is_end_tag, False
        for mark, pattern in _ENDS.items():
            if source.startswith(mark, opening):
                self._end, self._mode = pattern, _Mode.SKIPPED
                # "<!-->" and "<!--->" are whole comments: the dashes of the end may be those of the
                # beginning.
                return opening + 2 if mark == "<!--" else opening + len(mark), False
        self._emit_text("<")
        return opening + 1, False

    def _read_name(self, source: str, at: int, is_last: bool) -> tuple[int, bool]:
        end = _NAME.match(source, at).end()  # type: ignore[union-attr]  # it matches the empty text too
        self._name = (self._name + source[at : min(end, at + NAME_LENGTH)])[:NAME_LENGTH].lower()
        if end == len(source):
            return end, True
        self._mode, self._last = _Mode.TAG, ""
        return end, False

    def _read_tag(self, source: str, at: int, is_last: bool) -> tuple[int, bool]:
        found = _TAG_STEP.search(source, at)
        if found is None:
            self._last = source[-1]
            return len(source), True
        before = source[found.start() - 1] if found.start() > at else self._last
        self._last = found[0]
        if found[0] == "=":
            self._mode = _Mode.VALUE
        else:
            self._mode = _Mode.TEXT
            self._emit_tag(is_closed=before == "/")
        return found.end(), False

    def _read_value(self, source: str, at: int, is_last: bool) -> tuple[int, bool]:
        start = _SPACES.match(source, at).end()  # type: ignore[union-attr]  # it matches the empty text too
        if start == len(source):
            return start, True
        if source[start] in "\"'":
            self._quote, self._mode = source[start], _Mode.QUOTED
            return start + 1, False
        self._mode = _Mode.TAG
        return start, False

    def _read_quoted(self, source: str, at: int, is_last: bool) -> tuple[int, bool]:
        end = source.find(self._quote, at)
        if end < 0:
            return len(source), True
        self._mode, self._last = _Mode.TAG, self._quote
        return end + 1, False

    def _skip(self, source: str, at: int, is_last: bool) -> tuple[int, bool]:
        found = self._end.search(source, at)
        if found is None:
            return max(at, len(source) - _TAIL), True
        self._mode = _Mode.TEXT
        return found.end(), False

    def _skip_raw(self, source: str, at: int, is_last: bool) -> tuple[int, bool]:
        found = RAW[self._name].search(source, at)
        if found is None:
            return max(at, len(source) - _TAIL), True
        self._mode = _Mode.TEXT
        return found.start(), False

    def _emit_text(self, text: str) -> None:
        if text:
            self._on_text(unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text)

    def _emit_tag(self, *, is_closed: bool) -> None:
        if self._is_end_tag:
            self._on_end(self._name)
            return
        self._on_start(self._name)
        if is_closed:
            self._on_end(self._name)
        elif self._name in RAW:
            self._mode = _Mode.RAW
