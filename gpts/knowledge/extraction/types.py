"""What passes between readers of formats and those who use them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

HEADING_LENGTH = 300
# A paragraph is handed on in parts of at most so many characters, so that one line of 100 MB stays small.
PARAGRAPH_LIMIT = 100_000


class UnreadableError(Exception):
    """A file that gives no text. ``code`` says why; gpts.knowledge.extraction.reasons has the sentences."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Section:
    """Paragraphs under one heading path ("Returns › Deadlines"), of one page, sheet or slide.

    A long section comes in several pieces one after another with the same heading and page.
    """

    heading: str
    paragraphs: tuple[str, ...]
    page: int | None = None


@dataclass(frozen=True)
class Limits:
    """Ceilings of one reading, in bytes, seconds and pages; the child process is held to them."""

    memory_bytes: int = 1024 * 1024 * 1024
    seconds: int = 600
    expanded_bytes: int = 1024 * 1024 * 1024
    expansion_ratio: int = 200
    members: int = 10_000
    pages: int = 20_000
    characters: int = 64_000_000


@dataclass(frozen=True)
class Source:
    """A file on disk to read. ``report`` takes the share that is done, 0-1."""

    path: Path
    media_type: str
    limits: Limits
    report: Callable[[float], None]

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def join_headings(path: list[str]) -> str:
    """Join headings to a path that fits the column."""
    return " › ".join(part for part in path if part)[:HEADING_LENGTH]


class Readable(Protocol):
    """What gives bytes by steps: a file, a member of an archive."""

    def read(self, size: int = -1, /) -> bytes: ...
