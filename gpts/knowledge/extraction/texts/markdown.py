"""Markdown: sections by headings, paragraphs by empty lines, wrapped lines joined, code blocks kept.

Front matter gives the title; comments are left out, and in MDX imports and tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from gpts.knowledge.extraction.charsets.decoding import iter_lines
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source

# Lines within which front matter must end; otherwise the file begins with a rule.
FRONT_MATTER_LINES = 200
_MARKS = {"---": ("---", "..."), "+++": ("+++",)}
_FENCE = ("```", "~~~")
# Lines that do not continue the one before: list items, quotations, table rows, indented code.
_BEGINS = re.compile(r"\s*(?:[-*+>|#=]|\d{1,9}[.)]\s)|\s{4}|\t")
_WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
_MDX_LINE = re.compile(r"(?:import|export)\s[^\n]*|\s*</?[A-Za-z][\w.]{0,80}(?:\s[^<>\n]{0,500})?/?>\s*")
# Lines of the text of an underlined heading.
_UNDERLINED_LINES = 3
_METADATA = re.compile(r"\s{0,3}title\s{0,9}[:=]\s?(.{0,400})", re.IGNORECASE)


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        lines = iter_lines(CountedFile(file, source), PARAGRAPH_LIMIT, source)
        title, lines = read_front_matter(lines)
        reader = LineReader(Outline(title), is_mdx=source.media_type == "text/mdx")
        for line in lines:
            yield from reader.add(line)
        yield from reader.end()


def read_front_matter(lines: Iterator[str]) -> tuple[str, Iterator[str]]:
    """Return the title in the front matter (YAML or TOML) and the lines behind it, or all lines."""
    first = next(lines, None)
    if first is None:
        return "", iter(())
    ends = _MARKS.get(first.rstrip())
    if ends is None:
        return "", chain([first], lines)
    held: list[str] = []
    for line in lines:
        if line.rstrip() in ends:
            # Between two rules there may also be text.
            if any(":" in part or "=" in part for part in held) or not any(map(str.strip, held)):
                return _find_title(held), lines
            held.append(line)
            break
        held.append(line)
        if len(held) >= FRONT_MATTER_LINES:
            break
    return "", chain([first], held, lines)


def _find_title(lines: list[str]) -> str:
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        match = _METADATA.fullmatch(line[:420])
        if match is not None:
            text = match[1].strip()
            # A block of YAML: the text stands on the next line.
            text = following.strip() if text in (">", "|", ">-", "|-") else text
            return text.strip("\"'").strip()
    return ""


class LineReader:
    """Collects Markdown line by line; ``add`` and ``end`` yield the sections that are complete."""

    def __init__(self, outline: Outline, *, is_mdx: bool = False) -> None:
        self.outline = outline
        self._is_mdx = is_mdx
        self._held: list[str] = []
        self._size = 0
        self._fence = ""
        # The lines of a comment that is still open. If it never is closed, they are text.
        self._comment: list[str] | None = None
        self._comment_size = 0

    def add(self, line: str) -> Iterator[Section]:
        if not self._fence:
            kept = self._drop_comments(line)
            if kept is None or (self._is_mdx and _MDX_LINE.fullmatch(kept[:600])):
                return
            yield from self._give_up_long_comment()
            line = kept
        yield from self._add_visible(line)

    def end(self) -> Iterator[Section]:
        yield from self._release_comment()
        yield from self.flush()
        yield from self.outline.end()

    def _add_visible(self, line: str) -> Iterator[Section]:
        stripped = line.strip()
        if self._fence:
            if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
                self._fence = ""
        elif stripped.startswith(_FENCE):
            self._fence = stripped[0] * (len(stripped) - len(stripped.lstrip(stripped[0])))
        else:
            heading = parse_heading(line)
            if heading is not None:
                yield from self.flush()
                yield from self.outline.open(*heading)
                return
            level = self._parse_underline(stripped)
            if level:
                text, self._held, self._size = " ".join(self._held), [], 0
                yield from self.outline.open(level, text)
                return
        if (not stripped and not self._fence) or self._size > PARAGRAPH_LIMIT:
            yield from self.flush()
        if stripped or (self._fence and self._held):
            self._held.append(line)
            self._size += len(line)

    def _parse_underline(self, stripped: str) -> int:
        """Return the level of the heading that a line underlines: 0 if it is none."""
        if not stripped or stripped[0] not in "=-" or stripped.strip(stripped[0]) or not self._held:
            return 0
        if len(stripped) < 2 or len(self._held) > _UNDERLINED_LINES or self._size > 1_000:
            return 0
        if any(_BEGINS.match(line) for line in self._held):
            return 0
        return 1 if stripped[0] == "=" else 2

    def flush(self) -> Iterator[Section]:
        if self._held:
            text = _join_wrapped_lines(self._held)
            self._held, self._size = [], 0
            if text:
                yield self.outline.add(text)

    def _drop_comments(self, line: str) -> str | None:
        """Return a line without comments; None if nothing else is on it. Remembers one that goes on."""
        if self._comment is None and "<!--" not in line:
            return line
        kept: list[str] = []
        at = 0
        while True:
            if self._comment is None:
                begin = line.find("<!--", at)
                if begin >= 0 and line.count("`", 0, begin) % 2:
                    # Within inline code, as far as the line tells.
                    begin = -1
                if begin < 0:
                    kept.append(line[at:])
                    break
                kept.append(line[at:begin])
                self._comment, self._comment_size = [], 0
                at = begin
            end = line.find("-->", at)
            if end < 0:
                self._comment.append(line[at:])
                self._comment_size += len(line) - at + 1
                break
            self._comment = None
            at = end + 3
        text = "".join(kept)
        return text if text.strip() or not line.strip() else None

    def _give_up_long_comment(self) -> Iterator[Section]:
        if self._comment_size > PARAGRAPH_LIMIT:
            yield from self._release_comment()

    def _release_comment(self) -> Iterator[Section]:
        lines, self._comment, self._comment_size = self._comment, None, 0
        for line in lines or ():
            yield from self._add_visible(line.removeprefix("<!--"))


def parse_heading(line: str) -> tuple[int, str] | None:
    """Return level and title of a heading; without a regular expression, as lines may be very long."""
    start = line.lstrip(" ") if line.startswith(" ") else line
    rest = start.lstrip("#")
    level = len(start) - len(rest)
    if not 1 <= level <= 6 or rest[:1] not in (" ", "\t") or len(line) - len(start) > 3:
        return None
    title = rest.strip().rstrip("#").rstrip()
    if title.endswith("}") and "{#" in title[-100:]:
        title = title[: title.rindex("{#")].rstrip()
    return (level, title) if title else None


def _join_wrapped_lines(lines: list[str]) -> str:
    """Return a paragraph with wrapped lines joined, as Markdown renders them; code blocks unchanged."""
    if any(line.lstrip().startswith(_FENCE) for line in lines):
        return "\n".join(lines).strip()
    parts = [lines[0]]
    is_row = lines[0].lstrip().startswith("|")
    for before, line in pairwise(lines):
        if is_row or not before or _BEGINS.match(line) or before.endswith(("  ", "\\")):
            parts += ["\n", line]
            is_row = line.lstrip().startswith("|")
            continue
        text, end = line.strip(), parts.pop().rstrip()
        gap = "" if _WIDE.match(end[-1:]) and _WIDE.match(text) else " "
        parts += [end, gap, text]
    return "".join(parts).strip()
