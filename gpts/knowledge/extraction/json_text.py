"""JSON, read as a stream: a section for each top-level key, a paragraph for each item. And JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import ijson

from gpts.knowledge.extraction.decoding import detect_charset, iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import (
    HEADING_LENGTH,
    PARAGRAPH_LIMIT,
    Readable,
    Section,
    Source,
    UnreadableError,
    shorten_heading,
)

DEPTH = 40
# Lines of one paragraph; a longer item continues in the next.
LINES = 200


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        head = file.read(512 * 1024)
        charset = detect_charset(head)
        file.seek(0)
        if charset not in ("utf-8", "utf-8-sig"):
            yield from _read_whole(source)
            return
        if head.startswith(b"\xef\xbb\xbf"):
            file.seek(3)
        try:
            yield from _read_stream(CountedFile(file, source))
        except (ijson.JSONError, ValueError):
            # ValueError: invalid UTF-8, or a number of thousands of digits.
            raise UnreadableError("malformed") from None


def read_lines(source: Source) -> Iterator[Section]:
    """Read JSON lines: a paragraph for the value of each line."""
    with source.path.open("rb") as file:
        for line in iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT * 20):
            if not line.strip():
                continue
            lines = list(_iter_value_lines(_parse(line), "", 0))
            if lines:
                yield Section("", ("\n".join(lines),))


def _read_stream(file: Readable) -> Iterator[Section]:
    # Of each open map or list: its kind, the label of its content, and the label of the current value. Built
    # here and cut, because ijson joins the whole path again for every value: a key of 600 kB before 300,000
    # numbers.
    kinds: list[str] = []
    labels: list[str] = []
    current: list[str] = []
    heading = ""
    lines: list[str] = []
    for event, value in ijson.basic_parse(file, use_float=True):
        if event in ("start_map", "start_array"):
            label = current[-1] if current else ""
            kinds.append(event)
            labels.append(label)
            current.append(label)
            if len(kinds) > DEPTH:
                raise UnreadableError("malformed")
        elif event in ("end_map", "end_array"):
            kinds.pop()
            labels.pop()
            current.pop()
        elif event == "map_key":
            if len(kinds) == 1:
                if lines:
                    yield Section(heading, ("\n".join(lines),))
                lines, heading = [], shorten_heading(str(value))
            else:
                current[-1] = _join_label(labels[-1], str(value))
        elif value is not None and str(value).strip():
            name = current[-1] if current else ""
            lines.append(f"{name}: {value}" if name else str(value))
        # Each item of the outer list, or of the list under a top-level key, is a paragraph.
        at_item = (kinds == ["start_array"] or kinds == ["start_map", "start_array"]) and event != "map_key"
        if lines and (at_item or len(lines) >= LINES):
            yield Section(heading, ("\n".join(lines),))
            lines = []
    if lines:
        yield Section(heading, ("\n".join(lines),))


def _join_label(path: str, key: str) -> str:
    return (f"{path}.{key[:HEADING_LENGTH]}" if path else key[:HEADING_LENGTH])[:HEADING_LENGTH]


def _read_whole(source: Source) -> Iterator[Section]:
    """Read JSON that is not UTF-8, which the stream parser needs."""
    with source.path.open("rb") as file:
        text = "\n".join(iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT * 100))
    value = _parse(text)
    for key, part in value.items() if isinstance(value, dict) else [("", value)]:
        for item in part if isinstance(part, list) else [part]:
            lines = list(_iter_value_lines(item, "", 0))
            if lines:
                yield Section(shorten_heading(str(key)), ("\n".join(lines),))


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError("malformed") from None


def _iter_value_lines(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > DEPTH:
        raise UnreadableError("malformed")
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _iter_value_lines(part, _join_label(path, str(key)), depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _iter_value_lines(part, path, depth + 1)
    elif value is not None and str(value).strip():
        yield f"{path}: {value}" if path else str(value)
