"""Jupyter notebooks: Markdown cells by their headings, code cells with what they printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gpts.knowledge.extraction.charsets.decoding import decode
from gpts.knowledge.extraction.outline import Outline
from gpts.knowledge.extraction.reporting import CountedFile
from gpts.knowledge.extraction.texts.markdown import LineReader
from gpts.knowledge.extraction.types import Section, Source, UnreadableError

# Characters of what one cell printed; the rest is a log that nobody reads.
OUTPUT_LENGTH = 10_000


def read(source: Source) -> Iterator[Section]:
    with source.path.open("rb") as file:
        text = "".join(decode(CountedFile(file, source), source))
    try:
        book = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableError("malformed") from None
    outline = Outline()
    for cell in _list_cells(book):
        content = _join(cell.get("source", cell.get("input")))
        if cell.get("cell_type") in ("markdown", "heading"):
            level = cell.get("level")
            if cell.get("cell_type") == "heading" and isinstance(level, int):
                content = f"{'#' * max(1, min(level, 6))} {content}"
            reader = LineReader(outline)
            for line in content.split("\n"):
                yield from reader.add(line)
            yield from reader.flush()
        elif content.strip():
            yield outline.add(content.strip("\n"))
        for output in _list_maps(cell.get("outputs")):
            shown = _read_output(output).strip("\n")
            if shown.strip():
                yield outline.add(shown[:OUTPUT_LENGTH])
    yield from outline.end()


def _list_cells(book: Any) -> list[dict[str, Any]]:
    """Return the cells of a notebook; the old format 3 has them in worksheets."""
    if not isinstance(book, dict) or not ("cells" in book or "worksheets" in book):
        raise UnreadableError("malformed")
    sheets = _list_maps(book.get("worksheets"))
    return [
        *_list_maps(book.get("cells")),
        *(cell for sheet in sheets for cell in _list_maps(sheet.get("cells"))),
    ]


def _list_maps(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _join(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _read_output(output: dict[str, Any]) -> str:
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else None
    if output.get("output_type") == "error":
        return f"{_join(output.get('ename'))}: {_join(output.get('evalue'))}"
    return _join(output.get("text")) or _join(plain)
