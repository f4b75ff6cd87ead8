"""HTML pages: sections by headings, paragraphs by block elements; hidden elements are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gpts.knowledge.extraction.charsets.decoding import decode
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.texts.html_tokens import Tokenizer
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source

# "rt" and "rp" are the reading of a word, which would stand between its characters.
HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object", "nav", "rt", "rp"})
BLOCKS = frozenset(
    {
        "p", "div", "section", "article", "header", "footer", "main", "aside", "form", "br", "hr", "ul", "ol",
        "li", "dl", "dt", "dd", "table", "tr", "blockquote", "pre", "figure", "figcaption", "title", "body",
    }
)  # fmt: skip
# They end a heading that was never closed.
OUTSIDE_HEADINGS = frozenset({"p", "ul", "ol", "table", "section", "article", "main", "footer"})
CELLS = frozenset({"td", "th"})
HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Ends that also end hidden elements inside, whose own end may be left out.
_ENDS = {"ruby": ("rt", "rp")}
# So much text is no menu: an element that hides more was never closed.
HIDDEN_CHARACTERS = 500_000


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        yield from parse_sections(decode(CountedFile(file, source), source))


def parse_sections(parts: Iterator[str], *, page: int | None = None) -> Iterator[Section]:
    reader = PageReader(page)
    for part in parts:
        reader.feed(part)
        yield from reader.take()
    yield from reader.close()


@dataclass
class _Hidden:
    """What there was when a hidden element began: the text of the paragraph, the parts before, the level."""

    text: list[str]
    size: int
    parts: int
    level: int
    pre: int


# A paragraph, or the level and text of a heading.
_Part = str | tuple[int, str]


class PageReader:
    """Collects the text of HTML that is fed in chunks; ``take`` returns the sections that are complete."""

    def __init__(self, page: int | None = None) -> None:
        self._tokens = Tokenizer(self._add_text, self._begin, self._end)
        self._outline = Outline(page=page)
        self._parts: list[_Part] = []
        self._text: list[str] = []
        self._size = 0
        # The open hidden elements, outermost first: the end of one also ends those inside it. As a
        # dictionary, so that a hundred thousand of one kind take one place.
        self._hidden: dict[str, _Hidden] = {}
        self._hidden_size = 0
        self._level = 0
        self._pre = 0

    def feed(self, text: str) -> None:
        self._tokens.feed(text)

    def close(self) -> Iterator[Section]:
        self._tokens.feed("", is_last=True)
        self._show_hidden()
        self._flush()
        yield from self.take()
        yield from self._outline.end()

    def take(self) -> Iterator[Section]:
        """Yield the sections before the first element that may be hidden: it is, if it is closed later."""
        outermost = next(iter(self._hidden.values()), None)
        count = len(self._parts) if outermost is None else outermost.parts
        ready, self._parts = self._parts[:count], self._parts[count:]
        for hidden in self._hidden.values():
            hidden.parts -= count
        for part in ready:
            if isinstance(part, str):
                yield self._outline.add(part)
            else:
                yield from self._outline.open(*part)

    def _begin(self, tag: str) -> None:
        if tag in HIDDEN:
            if tag not in self._hidden:
                self._hidden[tag] = _Hidden(self._text, self._size, len(self._parts), self._level, self._pre)
                self._text, self._size = [], 0
        elif tag in HEADINGS:
            self._end_open_heading()
            self._flush()
            self._level = HEADINGS[tag]
        elif tag in BLOCKS and (not self._level or (tag in OUTSIDE_HEADINGS and self._end_open_heading())):
            if self._pre and tag == "br":
                self._append("\n")
                return
            self._flush()
            self._pre += tag == "pre"
        elif tag in CELLS and self._text:
            self._append(" · ")

    def _end(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hide(tag)
        elif tag in _ENDS:
            for name in _ENDS[tag]:
                self._hide(name)
        elif self._level and tag == f"h{self._level}":
            self._end_heading()
        elif tag in BLOCKS and not self._level:
            self._flush()
            if tag == "pre" and self._pre:
                self._pre -= 1

    def _end_open_heading(self) -> bool:
        """End a heading that has text and was not closed. Returns whether none is open."""
        if self._level and any(not piece.isspace() for piece in self._text[-20:]):
            self._end_heading()
        return not self._level

    def _end_heading(self) -> None:
        self._parts.append((self._level, "".join(self._text)))
        self._text, self._size, self._level = [], 0, 0

    def _hide(self, tag: str) -> None:
        """Drop what came since a hidden element began."""
        if tag not in self._hidden:
            return
        while True:
            name, before = self._hidden.popitem()
            if name == tag:
                break
        del self._parts[before.parts :]
        self._text, self._size, self._level, self._pre = before.text, before.size, before.level, before.pre
        if not self._hidden:
            self._hidden_size = 0

    def _show_hidden(self) -> None:
        """Keep what came since hidden elements began that nobody closed: it is the rest of the page."""
        while self._hidden:
            _name, before = self._hidden.popitem()
            text = " ".join("".join(before.text).split()).strip(" ·")
            if text:
                self._parts.insert(before.parts, (before.level, text) if before.level else text)
        self._hidden_size = 0

    def _add_text(self, data: str) -> None:
        if self._hidden:
            self._hidden_size += len(data)
            if self._hidden_size > HIDDEN_CHARACTERS:
                self._show_hidden()
        self._append(data)

    def _append(self, data: str) -> None:
        if self._size > PARAGRAPH_LIMIT:
            if self._level:
                # A heading is cut anyway.
                return
            self._flush()
        self._text.append(data)
        self._size += len(data)

    def _flush(self) -> None:
        text = "".join(self._text)
        self._text, self._size = [], 0
        paragraph = _keep_lines(text) if self._pre else " ".join(text.split()).strip(" ·")
        if paragraph:
            self._parts.append(paragraph)


def _keep_lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n") if text.strip() else ""
