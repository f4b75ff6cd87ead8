"""From an uploaded text file to headed sections: sniffing, decoding, structure. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any

MEDIA_TYPES = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".html": "text/html",
    ".htm": "text/html",
}
HEADING_LENGTH = 300
JSON_DEPTH = 40
_MAGIC = (
    b"%PDF",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x7fELF",
    b"MZ\x90",
    b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
    b"RIFF",
)
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


class UnreadableError(Exception):
    """A file that gives no text. ``code`` says why: unknown_type, binary, encoding, malformed, empty."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Section:
    """Paragraphs under one heading path ("Returns › Deadlines"); each paragraph is whole."""

    heading: str
    paragraphs: tuple[str, ...]


def media_type_of(name: str) -> str:
    """Return the media type by the name's end; UnreadableError (unknown_type) for what we cannot read."""
    try:
        return MEDIA_TYPES[PurePosixPath(name.lower()).suffix]
    except KeyError:
        raise UnreadableError("unknown_type") from None


def decode(data: bytes) -> str:
    """Return the text of ``data``: UTF-8, UTF-16 with its mark, GB 18030 or Windows-1252.

    The name is not believed: known binary signatures and NUL bytes are refused.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decoded(data, "utf-16")
    if data.startswith(_MAGIC) or b"\x00" in data:
        raise UnreadableError("binary")
    try:
        return _clean(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("gb18030")
        # Western letters are valid GB 18030 too, but come out as rare characters between Latin ones.
        if len(_CHINESE.findall(text)) * 4 >= len(re.findall(r"[^\x00-\x7f]", text)) * 3 and _looks_chinese(
            text
        ):
            return _clean(text)
    except UnicodeDecodeError:
        pass
    return _decoded(data, "cp1252")


def _looks_chinese(text: str) -> bool:
    """Chinese characters stand together; single ones inside Latin words are a misread Western text."""
    lonely = len(re.findall(r"[A-Za-z][\u3400-\u9fff]|[\u3400-\u9fff][a-z]", text))
    return lonely * 2 < len(_CHINESE.findall(text))


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return _clean(data.decode(encoding))
    except UnicodeDecodeError:
        raise UnreadableError("encoding") from None


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def extract(name: str, data: bytes) -> list[Section]:
    """Return the sections of a file, in order and without empty ones; raises UnreadableError."""
    media_type = media_type_of(name)
    text = decode(data)
    sections = [
        Section(section.heading[:HEADING_LENGTH], section.paragraphs)
        for section in _READERS[media_type](text)
        if section.paragraphs
    ]
    if not sections:
        raise UnreadableError("empty")
    return sections


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"\n\s*\n", text) if part.strip())


def _read_plain(text: str) -> Iterator[Section]:
    yield Section("", _paragraphs(text))


def _read_markdown(text: str) -> Iterator[Section]:
    path: list[str] = []
    lines: list[str] = []
    in_code = False
    for line in text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            in_code = not in_code
        match = None if in_code else re.match(r"(#{1,6})\s+(.+?)\s*#*$", line)
        if match is None:
            lines.append(line)
            continue
        yield Section(" › ".join(filter(None, path)), _paragraphs("\n".join(lines)))
        lines = []
        level = len(match[1])
        path = [*path[: level - 1], *[""] * (level - 1 - len(path)), match[2]]
    yield Section(" › ".join(filter(None, path)), _paragraphs("\n".join(lines)))


def _read_table(text: str) -> Iterator[Section]:
    """One paragraph a row, each value under its column's name, so that a row is understood alone."""
    try:
        dialect: Any = csv.Sniffer().sniff(text[:8_192], delimiters=",;\t|")
    except csv.Error:
        dialect = "excel-tab" if "\t" in text[:8_192] else "excel"
    try:
        rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in row)]
    except csv.Error:
        raise UnreadableError("malformed") from None
    if len(rows) < 2:
        yield Section("", tuple(" · ".join(row) for row in rows))
        return
    head, *body = rows
    paragraphs = []
    for row in body:
        names = [*head, *[""] * (len(row) - len(head))]
        cells = [
            f"{name.strip()}: {cell.strip()}" if name.strip() else cell.strip()
            for name, cell in zip(names, row, strict=False)
            if cell.strip()
        ]
        paragraphs.append("\n".join(cells))
    yield Section("", tuple(paragraphs))


def _read_json(text: str) -> Iterator[Section]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError("malformed") from None
    if isinstance(value, dict):
        for key, part in value.items():
            yield Section(str(key), tuple(_json_paragraphs(part)))
    else:
        yield Section("", tuple(_json_paragraphs(value)))


def _json_paragraphs(value: Any) -> Iterator[str]:
    """One paragraph for each item of a list, one for anything else."""
    for item in value if isinstance(value, list) else [value]:
        lines = list(_json_lines(item, "", 0))
        if lines:
            yield "\n".join(lines)


def _json_lines(value: Any, path: str, depth: int) -> Iterator[str]:
    if depth > JSON_DEPTH:
        raise UnreadableError("malformed")
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _json_lines(part, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for part in value:
            yield from _json_lines(part, path, depth + 1)
    elif value is not None and str(value).strip():
        yield f"{path}: {value}" if path else str(value)


class _PageReader(HTMLParser):
    """Collects text by heading; what is not shown (script, style, head) stays out."""

    HIDDEN = frozenset({"script", "style", "template", "noscript", "svg", "iframe", "object"})
    BLOCKS = frozenset(
        {
            *(
                "p",
                "div",
                "section",
                "article",
                "header",
                "footer",
                "main",
                "aside",
                "nav",
                "form",
                "br",
                "hr",
            ),
            *("ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "td", "th"),
            *("blockquote", "pre", "figure", "figcaption"),
        }
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[tuple[list[str], list[str]]] = [([], [])]
        self.path: list[str] = []
        self.text: list[str] = []
        self.hidden = 0
        self.level = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.HIDDEN:
            self.hidden += 1
        elif re.fullmatch(r"h[1-6]", tag):
            self.flush()
            self.level = int(tag[1])
        elif tag in self.BLOCKS and not self.level:
            self.flush()

    def handle_endtag(self, tag: str) -> None:
        if tag in self.HIDDEN:
            self.hidden = max(self.hidden - 1, 0)
        elif self.level and tag == f"h{self.level}":
            heading = " ".join("".join(self.text).split())
            self.text = []
            self.path = [*self.path[: self.level - 1], *[""] * (self.level - 1 - len(self.path)), heading]
            self.sections.append(([*self.path], []))
            self.level = 0
        elif tag in self.BLOCKS and not self.level:
            self.flush()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(data)

    def flush(self) -> None:
        paragraph = " ".join("".join(self.text).split())
        self.text = []
        if paragraph:
            self.sections[-1][1].append(paragraph)


def _read_html(text: str) -> Iterator[Section]:
    reader = _PageReader()
    reader.feed(text)
    reader.close()
    reader.flush()
    for path, paragraphs in reader.sections:
        yield Section(" › ".join(filter(None, path)), tuple(paragraphs))


_READERS = {
    "text/plain": _read_plain,
    "text/markdown": _read_markdown,
    "text/csv": _read_table,
    "text/tab-separated-values": _read_table,
    "application/json": _read_json,
    "text/html": _read_html,
}
