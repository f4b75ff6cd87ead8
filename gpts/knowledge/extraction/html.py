"""HTML pages: sections by headings, paragraphs by block elements; hidden elements are skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from gpts.knowledge.extraction.decoding import decode
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source, join_headings

HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object", "nav"})
BLOCKS = frozenset(
    {
        "p", "div", "section", "article", "header", "footer", "main", "aside", "form", "br", "hr", "ul", "ol",
        "li", "dl", "dt", "dd", "table", "tr", "blockquote", "pre", "figure", "figcaption", "title", "body",
    }
)  # fmt: skip
CELLS = frozenset({"td", "th"})


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


class PageReader(HTMLParser):
    """Parses HTML that is fed in chunks; ``take`` returns the sections that are complete."""

    def __init__(self, page: int | None = None) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.ready: list[Section] = []
        self.path: list[str] = []
        self.text: list[str] = []
        self.size = 0
        self.hidden: list[str] = []
        self.level = 0

    def take(self) -> list[Section]:
        ready, self.ready = self.ready, []
        return ready

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self.hidden.append(tag)
        elif re.fullmatch(r"h[1-6]", tag):
            self.flush()
            self.level = int(tag[1])
        elif tag in BLOCKS and not self.level:
            self.flush()
        elif tag in CELLS and self.text:
            self.text.append(" · ")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            if tag in self.hidden:
                del self.hidden[self.hidden.index(tag) :]
        elif self.level and tag == f"h{self.level}":
            heading = " ".join("".join(self.text).split())
            self.text, self.size = [], 0
            above = self.path[: self.level - 1]
            self.path = [*above, *[""] * (self.level - 1 - len(above)), heading]
            self.level = 0
        elif tag in BLOCKS and not self.level:
            self.flush()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(data)
            self.size += len(data)
            if self.size > PARAGRAPH_LIMIT and not self.level:
                self.flush()

    def flush(self) -> None:
        paragraph = " ".join("".join(self.text).split()).strip(" ·")
        self.text, self.size = [], 0
        if paragraph:
            self.ready.append(Section(join_headings(self.path), (paragraph,), self.page))
