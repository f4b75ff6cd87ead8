"""Types shared by the readers of formats and their callers. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gpts.knowledge.extraction.remarks import Remarks

HEADING_LENGTH = 300
# Longer paragraphs are passed on in parts of this many characters: one line may have 100 MB.
PARAGRAPH_LIMIT = 100_000


# Seconds of CPU that a small file may take, and more for each megabyte. Measured on ordinary files: text
# takes 0.1 to 0.4 s a megabyte, PDF up to 1 s, compressed formats up to 5 s.
BASE_SECONDS = 10
TEXT_SECONDS_PER_MB = 2
PACKED_SECONDS_PER_MB = 15
# For each page that may be rendered for text recognition.
RENDERING_SECONDS = 0.4


class UnreadableError(Exception):
    """A file without usable text. ``code`` says why; gpts.knowledge.failure_messages has the messages."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TooSlowError(UnreadableError):
    """Reading was stopped. ``used_cpu`` says whether by the limit of CPU time: if so, it always will be."""

    def __init__(self, *, used_cpu: bool) -> None:
        super().__init__("timeout")
        self.used_cpu = used_cpu


@dataclass(frozen=True)
class Section:
    """Paragraphs under one heading path ("Returns › Deadlines"), of one page, sheet or slide.

    ``rows`` are the first and last row of a sheet or CSV that they come from, as people count them.
    A long section comes as several consecutive ones with the same heading and page.
    """

    heading: str
    paragraphs: tuple[str, ...]
    page: int | None = None
    rows: tuple[int, int] | None = None


@dataclass(frozen=True)
class Limits:
    """Limits of reading one file. ``seconds`` is the most CPU time of the child; see get_cpu_seconds."""

    memory_bytes: int = 1024 * 1024 * 1024
    seconds: int = 600
    expanded_bytes: int = 1024 * 1024 * 1024
    expansion_ratio: int = 200
    members: int = 10_000
    pages: int = 20_000
    characters: int = 64_000_000
    # Scanned pages that are rendered for text recognition; 0 where there is none.
    recognised_pages: int = 0


def get_cpu_seconds(limits: Limits, size: int, *, is_packed: bool) -> int:
    """Return the CPU seconds for a file of ``size`` bytes; ``is_packed`` for PDF and zip-based formats."""
    rate = PACKED_SECONDS_PER_MB if is_packed else TEXT_SECONDS_PER_MB
    rendering = math.ceil(RENDERING_SECONDS * limits.recognised_pages)
    return min(limits.seconds, BASE_SECONDS + rendering + math.ceil(rate * size / 1_000_000))


def get_wall_seconds(cpu_seconds: int) -> int:
    """Return the time after which a child is stopped whatever it does. Allows for a busy machine."""
    return cpu_seconds * 2 + 60


@dataclass(frozen=True)
class Source:
    """A file on disk to read.

    ``report`` gets the share that is done, 0-1; ``remarks`` what was left out. ``recognise``, where text
    recognition is on, gets the number of a page without text, its heading, and a function that renders it.
    """

    path: Path
    media_type: str
    limits: Limits
    report: Callable[[float], None]
    remarks: Remarks = field(default_factory=Remarks)
    recognise: Callable[[int, str, Callable[[], bytes]], None] | None = None

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def get_rows(line: int) -> tuple[int, int] | None:
    """Return the rows of a section that comes from one; None without a number."""
    return (line, line) if line > 0 else None


def shorten_heading(text: str) -> str:
    """Return a heading on one line. Cut where it is found: it is repeated with every paragraph below it."""
    return " ".join(text[: HEADING_LENGTH * 4].split())[:HEADING_LENGTH]


def join_headings(path: list[str]) -> str:
    """Join headings to a path of at most HEADING_LENGTH characters."""
    return " › ".join(part for part in path if part)[:HEADING_LENGTH]


class Readable(Protocol):
    """Anything with ``read``: a file, a member of an archive."""

    def read(self, size: int = -1, /) -> bytes: ...
