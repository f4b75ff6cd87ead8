"""The path of headings while a document is read. A heading with nothing under it becomes a text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from gpts.knowledge.extraction.types import Section, join_headings, shorten_heading


class Headings:
    """Headings as they come: ``enter`` each with its level, ``fill`` before a text, ``close`` at the end.

    Levels count from 1. ``enter`` and ``close`` yield the heading before as a section of its own if it had
    neither a text nor a heading below it: it would not be found otherwise.
    """

    def __init__(self) -> None:
        self.path: list[str] = []
        self._page: int | None = None
        self._is_bare = False

    @property
    def joined(self) -> str:
        return join_headings(self.path)

    def enter(self, level: int, title: str, page: int | None = None) -> Iterator[Section]:
        if level <= len(self.path):
            yield from self.close()
        self.path = [*self.path[: level - 1], *[""] * (level - 1 - len(self.path)), shorten_heading(title)]
        self._page = page
        self._is_bare = True

    def fill(self) -> None:
        self._is_bare = False

    def close(self) -> Iterator[Section]:
        if self._is_bare and self.path:
            self._is_bare = False
            yield Section(join_headings(self.path[:-1]), (self.path[-1],), self._page)
