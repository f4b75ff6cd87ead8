"""HTML pages: sections by headings, paragraphs by block elements; hidden elements are skipped."""

from __future__ import annotations

from collections.abc import Iterator

from gpts.knowledge.extraction.decoding import decode
from gpts.knowledge.extraction.html_tokens import Tokenizer
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import (
    PARAGRAPH_LIMIT,
    Section,
    Source,
    join_headings,
    shorten_heading,
)

HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object", "nav"})
BLOCKS = frozenset(
    {
        "p", "div", "section", "article", "header", "footer", "main", "aside", "form", "br", "hr", "ul", "ol",
        "li", "dl", "dt", "dd", "table", "tr", "blockquote", "pre", "figure", "figcaption", "title", "body",
    }
)  # fmt: skip
CELLS = frozenset({"td", "th"})
HEADINGS = {f"h{level}": level for level in range(1, 7)}


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        yield from parse_sections(decode(CountedFile(file, source)))


def parse_sections(parts: Iterator[str], *, page: int | None = None) -> Iterator[Section]:
    reader = PageReader(page)
    for part in parts:
        reader.feed(part)
        yield from reader.take()
    reader.close()
    reader.flush()
    yield from reader.take()


class PageReader:
    """Collects the text of HTML that is fed in chunks; ``take`` returns the sections that are complete."""

    def __init__(self, page: int | None = None) -> None:
        self._tokens = Tokenizer(self._add_text, self._begin, self._end)
        self.page = page
        self.ready: list[Section] = []
        self.path: list[str] = []
        self.text: list[str] = []
        self.size = 0
        # The open hidden elements, outermost first: the end of one also ends those inside it. As a
        # dictionary, so that a hundred thousand of one kind take one place.
        self.hidden: dict[str, None] = {}
        self.level = 0

    def feed(self, text: str) -> None:
        self._tokens.feed(text)

    def close(self) -> None:
        self._tokens.feed("", is_last=True)

    def take(self) -> list[Section]:
        ready, self.ready = self.ready, []
        return ready

    def _begin(self, tag: str) -> None:
        if tag in HIDDEN:
            self.hidden.setdefault(tag)
        elif tag in HEADINGS:
            self.flush()
            self.level = HEADINGS[tag]
        elif tag in BLOCKS and not self.level:
            self.flush()
        elif tag in CELLS and self.text:
            self._append(" · ")

    def _end(self, tag: str) -> None:
        if tag in HIDDEN:
            while tag in self.hidden:
                self.hidden.popitem()
        elif self.level and tag == f"h{self.level}":
            heading = shorten_heading("".join(self.text))
            self.text, self.size = [], 0
            above = self.path[: self.level - 1]
            self.path = [*above, *[""] * (self.level - 1 - len(above)), heading]
            self.level = 0
        elif tag in BLOCKS and not self.level:
            self.flush()

    def _add_text(self, data: str) -> None:
        if not self.hidden:
            self._append(data)

    def _append(self, data: str) -> None:
        if self.size > PARAGRAPH_LIMIT:
            if self.level:
                # A heading is cut anyway.
                return
            self.flush()
        self.text.append(data)
        self.size += len(data)

    def flush(self) -> None:
        paragraph = " ".join("".join(self.text).split()).strip(" ·")
        self.text, self.size = [], 0
        if paragraph:
            self.ready.append(Section(join_headings(self.path), (paragraph,), self.page))
