"""JSON, read as a stream: a section for each top-level key, a paragraph for each item. And JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import ijson

from gpts.knowledge.extraction.charsets.decoding import decode, iter_lines
from gpts.knowledge.extraction.remarks import RemarkCode
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.texts.json_events import CutShortError, Event, iter_events
from gpts.knowledge.extraction.types import (
    HEADING_LENGTH,
    PARAGRAPH_LIMIT,
    Section,
    Source,
    UnreadableError,
    shorten_heading,
)

DEPTH = 40
# Lines of one paragraph; a longer item continues in the next.
LINES = 200
# Half a pair of an escape for a rare character is none that can be stored.
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(source: Source) -> Iterator[Section]:
    """Read documents with the strict parser, and from where that fails as people write them."""
    done = 0
    try:
        for section in _build_sections(_iter_strict_events(source)):
            yield section
            done += 1
    except (ijson.JSONError, ValueError):
        # ValueError: a number of thousands of digits.
        yield from islice(_build_sections(_iter_lenient_events(source)), done, None)


def _iter_strict_events(source: Source) -> Iterator[Event]:
    with source.path.open("rb") as file:
        text = _EncodedText(decode(CountedFile(file, source), source))
        yield from ijson.basic_parse(text, use_float=True, multiple_values=True)


def _iter_lenient_events(source: Source) -> Iterator[Event]:
    with source.path.open("rb") as file:
        text = "".join(decode(CountedFile(file, source)))
    try:
        yield from iter_events(text, depth=DEPTH)
    except CutShortError:
        source.remarks.add(RemarkCode.FILE_REPAIRED)


class _EncodedText:
    """A text that is decoded in chunks, as the file in UTF-8 that the parser reads."""

    def __init__(self, parts: Iterator[str]) -> None:
        self._parts = parts
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        while not self._held:
            part = next(self._parts, None)
            if part is None:
                return b""
            self._held = part.encode()
        data, self._held = (self._held, b"") if size < 0 else (self._held[:size], self._held[size:])
        return data


def read_lines(source: Source) -> Iterator[Section]:
    """Read JSON lines: a paragraph for the value of each line. Lines that cannot be read are a remark."""
    if _is_one_document(source):
        yield from read(source)
        return
    is_any = False
    with source.path.open("rb") as file:
        for number, line in enumerate(iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT * 20, source), 1):
            if not line.strip():
                continue
            try:
                lines = list(_iter_value_lines(_parse_line(line), "", 0))
            except (UnreadableError, CutShortError):
                source.remarks.add(RemarkCode.LINES_UNREADABLE, number=number)
                continue
            is_any = True
            if lines:
                yield Section("", ("\n".join(lines),))
    if not is_any:
        raise UnreadableError("malformed")


def _is_one_document(source: Source) -> bool:
    """Whether the file is a document over several lines, whatever its name says."""
    with source.path.open("rb") as file:
        first = next((line for line in iter_lines(file, PARAGRAPH_LIMIT) if line.strip()), "")
    return first.strip() in ("{", "[")


def _parse_line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _build_value(iter_events(line, depth=DEPTH))


def _build_value(events: Iterator[Event]) -> Any:
    """Return the value of events; of several documents on a line a list."""
    documents: list[Any] = []
    containers: list[Any] = [documents]
    keys: list[str] = [""]
    for event, value in events:
        if event == "map_key":
            keys[-1] = str(value)
            continue
        if event in ("end_map", "end_array"):
            containers.pop()
            keys.pop()
            continue
        made: Any = {"start_map": {}, "start_array": []}.get(event, value)
        into = containers[-1]
        if isinstance(into, dict):
            into[keys[-1]] = made
        else:
            into.append(made)
        if event in ("start_map", "start_array"):
            containers.append(made)
            keys.append("")
    return documents[0] if len(documents) == 1 else documents


def _iter_value_lines(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > DEPTH:
        raise UnreadableError("malformed")
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _iter_value_lines(part, _join_label(path, _clean(str(key))), depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _iter_value_lines(part, path, depth + 1)
    elif value is not None and str(value).strip():
        text = _clean(str(value))
        yield f"{path}: {text}" if path else text


def _build_sections(events: Iterator[Event]) -> Iterator[Section]:
    # Of each open map or list: its kind, the label of its content, and the label of the current value. Built
    # here and cut, because ijson joins the whole path again for every value: a key of 600 kB before 300,000
    # numbers.
    kinds: list[str] = []
    labels: list[str] = []
    current: list[str] = []
    heading = ""
    lines: list[str] = []
    for event, value in events:
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
                lines, heading = [], shorten_heading(_clean(str(value)))
            else:
                current[-1] = _join_label(labels[-1], _clean(str(value)))
        elif value is not None and str(value).strip():
            name = current[-1] if current else ""
            text = _clean(str(value))
            lines.append(f"{name}: {text}" if name else text)
        # Each item of the outer list, or of the list under a top-level key, is a paragraph.
        at_item = (kinds == ["start_array"] or kinds == ["start_map", "start_array"]) and event != "map_key"
        if lines and (at_item or len(lines) >= LINES):
            yield Section(heading, ("\n".join(lines),))
            lines = []
    if lines:
        yield Section(heading, ("\n".join(lines),))


def _clean(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)


def _join_label(path: str, key: str) -> str:
    return (f"{path}.{key[:HEADING_LENGTH]}" if path else key[:HEADING_LENGTH])[:HEADING_LENGTH]
