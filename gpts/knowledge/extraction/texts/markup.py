"""reStructuredText, AsciiDoc and Org: sections by headings, paragraphs by empty lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpts.knowledge.extraction.charsets.decoding import iter_lines
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source

_RST_MARKS = frozenset("=-`:.'\"~^_*+#<>!$%&(),/;?@[]\\{|}")
# Directives whose content is no text of the document.
_RST_SILENT = re.compile(r"\.\. (?:toctree|image|figure|include|raw|meta|highlight|contents|index|only)::")
_RST_DIRECTIVE = re.compile(r"\.\. ([\w:-]{1,60})::\s?(.{0,400})")
_RST_ROLE = re.compile(r":[\w:+-]{1,40}:`([^`<]{1,200}?)(?:\s{0,3}<[^>`]{1,300}>)?`")
_ADOC_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.{0,600})")
_ADOC_SKIPPED = re.compile(
    r"(?::[\w-]{1,60}!?:(?:\s.{0,600})?|\[[^\]]{0,300}\]|//(?!/).{0,2000}|(?:include|image|toc|video)::.{0,600})"
)
_ADOC_FENCE = re.compile(r"(-{4,}|={4,}|\.{4,}|\*{4,}|_{4,}|\+{4,}|\|===|--|`{3,}.{0,60})\s*")
_ORG_HEADING = re.compile(
    r"(\*{1,20})\s+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)\s+)?(?:\[#[A-Z]\]\s+)?(\S.{0,600})"
)
_ORG_TAGS = re.compile(r"\s+:[\w@:#%]{1,200}:\s*$")
_ORG_TITLE = re.compile(r"#\+title:\s*(.{0,400})", re.IGNORECASE)


class _Lines:
    """Paragraphs of lines under an outline."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.held: list[str] = []
        self._size = 0

    def add(self, line: str) -> Iterator[Section]:
        if not line.strip() or self._size > PARAGRAPH_LIMIT:
            yield from self.flush()
        if line.strip():
            self.held.append(line.rstrip())
            self._size += len(line)

    def flush(self) -> Iterator[Section]:
        text = "\n".join(self.held).strip("\n")
        self.held, self._size = [], 0
        if text.strip():
            yield self.outline.add(text)

    def open(self, level: int, heading: str) -> Iterator[Section]:
        yield from self.flush()
        yield from self.outline.open(level, heading)

    def end(self) -> Iterator[Section]:
        yield from self.flush()
        yield from self.outline.end()


def read_rst(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        lines = _Lines(Outline())
        # The level of a heading is the order in which its underline first came.
        levels: dict[tuple[str, bool], int] = {}
        silent: int | None = None
        overline = ""
        for line in iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT, source):
            text = line.strip()
            if silent is not None:
                if not text or len(line) - len(line.lstrip()) > silent:
                    continue
                silent = None
            if line.startswith(".. "):
                yield from lines.flush()
                content = _read_rst_explicit(line)
                silent = 0 if content is None else None
                if content:
                    yield from lines.add(content)
                continue
            if _is_adornment(text) and line[:1] == text[:1]:
                title = lines.held[0].strip() if len(lines.held) == 1 else ""
                if title and (
                    len(text) >= len(title) or (len(text) >= 4 and not title.startswith(("=", "+", "|")))
                ):
                    lines.held = []
                    level = levels.setdefault((text[0], overline == text[0]), len(levels) + 1)
                    overline = ""
                    yield from lines.open(level, _RST_ROLE.sub(r"\1", title))
                    continue
                if not lines.held:
                    # The line over a title, or a transition.
                    overline = text[0]
                    continue
            elif not text:
                overline = ""
            yield from lines.add(_RST_ROLE.sub(r"\1", line) if "`" in line else line)
        yield from lines.end()


def _is_adornment(text: str) -> bool:
    return len(text) >= 2 and text[0] in _RST_MARKS and not text.strip(text[0])


def _read_rst_explicit(line: str) -> str | None:
    """Return the text of a line that begins with "..", or None if what is indented below it is no text."""
    if _RST_SILENT.match(line):
        return None
    match = _RST_DIRECTIVE.match(line)
    if match is not None:
        return match[2]
    # A target or footnote has its text behind it; anything else is a comment.
    if line.startswith((".. [", ".. |")):
        return line[3:]
    return "" if line.startswith(".. _") else None


def read_asciidoc(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        lines = _Lines(Outline())
        fence = ""
        in_comment = False
        for line in iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT, source):
            text = line.rstrip()
            if text.startswith("////") and not text.strip("/"):
                in_comment = not in_comment
                continue
            if in_comment:
                continue
            match = _ADOC_FENCE.fullmatch(text[:80]) if text[:1] in "-=.*_+|`" else None
            if match is not None and (not fence or fence == match[1][:4]):
                fence = "" if fence else match[1][:4]
                yield from lines.flush()
                continue
            if not fence:
                heading = _ADOC_HEADING.fullmatch(text)
                if heading is not None:
                    # "=" is the title of the document, "==" its first level.
                    yield from lines.open(len(heading[1]), heading[2].strip())
                    continue
                if _ADOC_SKIPPED.fullmatch(text):
                    continue
                if text.startswith(".") and len(text) > 1 and text[1] not in ". ":
                    # The title of a block.
                    text = text[1:]
            yield from lines.add(text)
        yield from lines.end()


def read_org(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        lines: _Lines | None = None
        in_drawer = False
        in_comment = False
        title = ""
        for line in iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT, source):
            text = line.strip()
            match = _ORG_TITLE.fullmatch(text[:420])
            if match is not None and lines is None:
                title = match[1].strip()
                continue
            if lines is None and text and not text.startswith("#"):
                lines = _Lines(Outline(title))
            lower = text[:40].lower()
            if in_drawer:
                in_drawer = lower != ":end:"
                continue
            if in_comment:
                in_comment = not lower.startswith("#+end_comment")
                continue
            if lower in (":properties:", ":logbook:"):
                in_drawer = True
            elif lower.startswith("#+begin_comment"):
                in_comment = True
            elif text.startswith("#+caption:") and lines is not None:
                yield from lines.add(text[10:])
            elif text.startswith(("#+", "# ")) or text == "#":
                continue
            elif lines is not None:
                heading = _ORG_HEADING.fullmatch(line[:640]) if line.startswith("*") else None
                if heading is not None:
                    yield from lines.open(len(heading[1]), _ORG_TAGS.sub("", heading[2][:400]))
                else:
                    yield from lines.add(line)
        yield from (lines or _Lines(Outline(title))).end()
