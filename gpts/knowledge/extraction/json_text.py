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
        except (ijson.JSONError, UnicodeDecodeError):
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
    kinds: list[str] = []
    heading = ""
    lines: list[str] = []
    for prefix, event, value in ijson.parse(file, use_float=True):
        if event in ("start_map", "start_array"):
            kinds.append(event)
            if len(kinds) > DEPTH:
                raise UnreadableError("malformed")
        elif event in ("end_map", "end_array"):
            kinds.pop()
        elif event == "map_key":
            if len(kinds) == 1:
                if lines:
                    yield Section(heading, ("\n".join(lines),))
                lines, heading = [], str(value)[:HEADING_LENGTH]
        elif value is not None and str(value).strip():
            name = _build_name(prefix, heading if kinds and kinds[0] == "start_map" else "")
            lines.append(f"{name}: {value}" if name else str(value))
        # Each item of the outer list, or of the list under a top-level key, is a paragraph.
        at_item = (kinds == ["start_array"] or kinds == ["start_map", "start_array"]) and event != "map_key"
        if lines and (at_item or len(lines) >= LINES):
            yield Section(heading, ("\n".join(lines),))
            lines = []
    if lines:
        yield Section(heading, ("\n".join(lines),))


def _build_name(prefix: str, heading: str) -> str:
    rest = prefix[len(heading) :].lstrip(".") if heading and prefix.startswith(heading) else prefix
    return ".".join(part for part in rest.split(".") if part != "item")


def _read_whole(source: Source) -> Iterator[Section]:
    """Read JSON that is not UTF-8, which the stream parser needs."""
    with source.path.open("rb") as file:
        text = "\n".join(iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT * 100))
    value = _parse(text)
    for key, part in value.items() if isinstance(value, dict) else [("", value)]:
        for item in part if isinstance(part, list) else [part]:
            lines = list(_iter_value_lines(item, "", 0))
            if lines:
                yield Section(str(key)[:HEADING_LENGTH], ("\n".join(lines),))


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
            yield from _iter_value_lines(part, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _iter_value_lines(part, path, depth + 1)
    elif value is not None and str(value).strip():
        yield f"{path}: {value}" if path else str(value)
