"""JSON as people write it, as events of ijson: comments, trailing commas, NaN, single quotes. Pure.

For documents that the strict parser refuses. Reads in one pass and needs no recursion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gpts.knowledge.extraction.types import UnreadableError

Event = tuple[str, Any]
# The parts are told by their first characters, so that nothing is tried twice.
_TOKEN = re.compile(
    r"""
    [\s,\ufeff]+ | //[^\n]*+ | \#[^\n]*+
  | (?P<mark>[{}\[\]:])
  | (?P<double>"[^"\\]*+(?:\\.[^"\\]*+)*+")
  | (?P<single>'[^'\\]*+(?:\\.[^'\\]*+)*+')
  | (?P<word>[-+\w.$]++)
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = {
    "true": ("boolean", True), "false": ("boolean", False), "null": ("null", None), "None": ("null", None),
    "True": ("boolean", True), "False": ("boolean", False), "undefined": ("null", None),
}  # fmt: skip
_NUMBER_LENGTH = 400
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": " ", "f": " ", "0": " "}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


class CutShortError(Exception):
    """The document ends before its last bracket."""


def iter_events(text: str, *, depth: int) -> Iterator[Event]:
    """Yield the events of one or more documents; UnreadableError (malformed) for what cannot be read.

    CutShortError at the end of a document that is cut off: what there was has been passed on.
    """
    open_marks: list[str] = []
    # Whether the next value is a key of the map that is open.
    at_key = False
    key: str | None = None
    at = 0
    while at < len(text):
        if text.startswith("/*", at):
            end = text.find("*/", at + 2)
            at = len(text) if end < 0 else end + 2
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at] in "\"'":
                raise CutShortError
            raise UnreadableError("malformed")
        at = match.end()
        kind = match.lastgroup
        if kind is None:
            continue
        value = match[0]
        if value == ":" and kind == "mark":
            if key is None:
                raise UnreadableError("malformed")
            yield "map_key", key
            key, at_key = None, False
        elif kind == "mark" and value in "{[":
            if at_key or len(open_marks) > depth:
                raise UnreadableError("malformed")
            open_marks.append(value)
            yield ("start_map" if value == "{" else "start_array"), None
            at_key = value == "{"
        elif kind == "mark":
            if not open_marks or open_marks.pop() != {"}": "{", "]": "["}[value] or key is not None:
                raise UnreadableError("malformed")
            yield ("end_map" if value == "}" else "end_array"), None
            at_key = bool(open_marks) and open_marks[-1] == "{"
        elif at_key:
            if key is not None:
                raise UnreadableError("malformed")
            key = value if kind == "word" else _unquote(value)
        else:
            yield _read_word(value) if kind == "word" else ("string", _unquote(value))
            at_key = bool(open_marks) and open_marks[-1] == "{"
    if open_marks:
        raise CutShortError


def _read_word(word: str) -> Event:
    if word in _WORDS:
        return _WORDS[word]
    if len(word) > _NUMBER_LENGTH:
        raise UnreadableError("malformed")
    if word.lstrip("+-") in ("NaN", "Infinity", "inf", "nan"):
        return "null", None
    try:
        return "number", json.loads(word.lstrip("+"))
    except ValueError:
        # Hexadecimal numbers, "1." and the like are quoted as they are written, bare words are no values.
        if word[0].isdigit() or word[0] in ".-+":
            return "string", word
        raise UnreadableError("malformed") from None


def _unquote(text: str) -> str:
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    try:
        return str(json.loads(text, strict=False)) if text[0] == '"' else _unescape(inner)
    except ValueError:
        return _unescape(inner)


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else _SIMPLE_ESCAPES.get(match[2], match[2])

    return _ESCAPE.sub(replace, text)
