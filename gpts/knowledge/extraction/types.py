"""Types shared by the readers of formats and their callers. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

HEADING_LENGTH = 300
# Longer paragraphs are passed on in parts of this many characters: one line may have 100 MB.
PARAGRAPH_LIMIT = 100_000


class UnreadableError(Exception):
    """A file without usable text. ``code`` says why; gpts.knowledge.failure_messages has the messages."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Section:
    """Paragraphs under one heading path ("Returns › Deadlines"), of one page, sheet or slide.

    A long section comes as several consecutive ones with the same heading and page.
    """

    heading: str
    paragraphs: tuple[str, ...]
    page: int | None = None


@dataclass(frozen=True)
class Limits:
    """Limits of reading one file. ``seconds`` is both wall-clock and CPU time of the child process."""

    memory_bytes: int = 1024 * 1024 * 1024
    seconds: int = 600
    expanded_bytes: int = 1024 * 1024 * 1024
    expansion_ratio: int = 200
    members: int = 10_000
    pages: int = 20_000
    characters: int = 64_000_000


@dataclass(frozen=True)
class Source:
    """A file on disk to read. ``report`` gets the share that is done, 0-1."""

    path: Path
    media_type: str
    limits: Limits
    report: Callable[[float], None]

    @property
    def size(self) -> int:
        return self.path.stat().st_size


def join_headings(path: list[str]) -> str:
    """Join headings to a path of at most HEADING_LENGTH characters."""
    return " › ".join(part for part in path if part)[:HEADING_LENGTH]


class Readable(Protocol):
    """Anything with ``read``: a file, a member of an archive."""

    def read(self, size: int = -1, /) -> bytes: ...
