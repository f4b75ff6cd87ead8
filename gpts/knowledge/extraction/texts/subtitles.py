"""Subtitles (SRT, WebVTT): a paragraph for half a minute of speech, with the time of its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpts.knowledge.extraction.charsets.decoding import iter_lines
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source

_TIME = re.compile(r"\s{0,9}(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,]\d{1,6}\s{1,9}-->\s")
_TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_VOICE = re.compile(r"<v(?:\.[\w.]{1,40})?\s+([^<>]{1,80})>")
# A paragraph ends after so many seconds or characters.
SECONDS = 30
CHARACTERS = 600


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        for begin, text in _join_cues(
            _iter_cues(iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT, source))
        ):
            yield Section("", (f"[{_write_time(begin)}] {text}",))


def _iter_cues(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Yield second and text of each cue; notes and style blocks of WebVTT are left out."""
    begin: int | None = None
    held: list[str] = []
    for line in lines:
        match = _TIME.match(line[:60]) if "-->" in line[:60] else None
        if match is not None:
            if begin is not None and held:
                # Without an empty line between: the number of the next cue stands last.
                yield begin, " ".join(held[:-1] if held[-1].isdecimal() and len(held) > 1 else held)
            begin, held = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3]), []
        elif not line.strip():
            if begin is not None and held:
                yield begin, " ".join(held)
            begin, held = (begin if not held else None), []
        elif begin is not None:
            text = _TAG.sub("", _VOICE.sub(r"\1: ", line)).strip()
            if text:
                held.append(text)
    if begin is not None and held:
        yield begin, " ".join(held)


def _join_cues(cues: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    first, held, last = 0, "", ""
    for begin, text in cues:
        if text == last:
            # Rolling subtitles repeat the line before.
            continue
        last = text
        if held and (begin - first >= SECONDS or len(held) + len(text) > CHARACTERS):
            yield first, held
            held = ""
        if not held:
            first = begin
        held = f"{held} {text}".strip()
    if held:
        yield first, held


def _write_time(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
