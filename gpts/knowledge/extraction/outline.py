"""The path of headings above a paragraph; one with nothing under it becomes a paragraph itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpts.knowledge.extraction.types import Section, join_headings, shorten_heading

# Names that word processors give to the styles of headings, in a dozen languages.
HEADING_STYLE = re.compile(
    r"(?:heading|标题|標題|見出し|제목|überschrift|titre|título|titolo|kop|rubrik|заголовок|nagłówek)\s*([1-9])",
    re.IGNORECASE,
)


class Outline:
    """Builds sections under the headings read so far. ``title`` stands above all of them, if there is one.

    Nobody would find a heading without text below it ("Gate code 4417"), as passages are made of paragraphs.
    """

    def __init__(self, title: str = "", *, page: int | None = None) -> None:
        self.page = page
        self._title = shorten_heading(title)
        self._path: list[str] = []
        # Of each heading of the path, whether a section was made under it; the first one is of the title.
        self._has_text: list[bool] = [not self._title]

    def open(self, level: int, heading: str) -> Iterator[Section]:
        """Begin a heading of a level from 1; yields headings that end here without text."""
        heading = shorten_heading(heading)
        if not heading or (heading == self._title and not any(self._path)):
            return
        yield from self._close(level - 1)
        missing = level - 1 - len(self._path)
        self._path += [*[""] * missing, heading]
        self._has_text += [*[True] * missing, False]

    def add(self, *paragraphs: str) -> Section:
        """Return a section of paragraphs under the current headings."""
        self._has_text = [True] * len(self._has_text)
        return Section(self.heading, paragraphs, self.page)

    def end(self) -> Iterator[Section]:
        yield from self._close(0)
        if not self._has_text[0]:
            self._has_text[0] = True
            yield Section("", (self._title,), self.page)

    @property
    def heading(self) -> str:
        return join_headings([self._title, *self._path])

    def _close(self, depth: int) -> Iterator[Section]:
        while len(self._path) > depth:
            heading, has_text = self._path.pop(), self._has_text.pop()
            if not has_text:
                yield self.add(heading)
