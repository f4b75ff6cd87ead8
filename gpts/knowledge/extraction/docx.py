"""Word documents: headings by style, pages by counting page breaks, a paragraph for each table row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from gpts.knowledge.extraction.archives import Archive, free_element
from gpts.knowledge.extraction.types import Section, Source, join_headings, shorten_heading

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVEL = re.compile(r"(?:heading|标题|überschrift|titre|título|titolo)\s*([1-9])", re.IGNORECASE)


def read(source: Source) -> Iterator[Section]:
    archive = Archive(source)
    levels = _read_heading_levels(archive)
    whole = max(archive.zip.getinfo("word/document.xml").file_size, 1) if _has_body(archive) else 1
    path: list[str] = []
    page = 1
    has_breaks = False
    row: list[str] = []
    for element in archive.iter_elements("word/document.xml", (f"{W}p", f"{W}tc", f"{W}tr")):
        if element.tag == f"{W}tc":
            row.append(" ".join(" ".join(_get_text(p) for p in element.iter(f"{W}p")).split()))
            # Its text would be read again with each cell around it.
            element.clear()
            continue
        if element.tag == f"{W}tr":
            text = " · ".join(filter(None, row))
            row = []
            if text:
                yield Section(join_headings(path), (text,), page if has_breaks else None)
            free_element(element)
            continue
        if _is_in_table(element):
            continue
        breaks = _count_page_breaks(element)
        if breaks:
            has_breaks = True
            page += breaks
        text = _get_text(element).strip()
        level = _get_heading_level(element, levels)
        if text and level:
            path = [*path[: level - 1], *[""] * (level - 1 - len(path)), shorten_heading(text)]
        elif text:
            yield Section(join_headings(path), (text,), page if has_breaks else None)
        free_element(element)
        source.report(min(archive.unpacked / whole, 1.0))
    for name in ("word/footnotes.xml", "word/endnotes.xml"):
        if name in archive.names:
            for element in archive.iter_elements(name, (f"{W}p",)):
                text = _get_text(element).strip()
                if text:
                    yield Section(join_headings([*path[:1], "Notes"]), (text,), None)
                free_element(element)


def _has_body(archive: Archive) -> bool:
    return "word/document.xml" in archive.names


def _is_in_table(element: etree._Element) -> bool:
    return any(True for _above in element.iterancestors(f"{W}tc"))


def _get_text(paragraph: etree._Element) -> str:
    parts: list[str] = []
    for element in paragraph.iter(f"{W}t", f"{W}tab", f"{W}br", f"{W}cr"):
        if element.tag == f"{W}t":
            parts.append(element.text or "")
        else:
            parts.append("\t" if element.tag == f"{W}tab" else "\n")
    return "".join(parts)


def _count_page_breaks(paragraph: etree._Element) -> int:
    rendered = sum(1 for _mark in paragraph.iter(f"{W}lastRenderedPageBreak"))
    explicit = sum(1 for mark in paragraph.iter(f"{W}br") if mark.get(f"{W}type") == "page")
    return max(rendered, explicit)


def _get_heading_level(paragraph: etree._Element, levels: dict[str, int]) -> int:
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    if style is not None:
        return levels.get(style.get(f"{W}val", ""), 0)
    outline = paragraph.find(f"{W}pPr/{W}outlineLvl")
    value = "" if outline is None else outline.get(f"{W}val", "")
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _read_heading_levels(archive: Archive) -> dict[str, int]:
    """Return the heading level by style id."""
    levels: dict[str, int] = {}
    if "word/styles.xml" not in archive.names:
        return levels
    for style in archive.iter_elements("word/styles.xml", (f"{W}style",)):
        name = style.find(f"{W}name")
        outline = style.find(f"{W}pPr/{W}outlineLvl")
        match = _LEVEL.match("" if name is None else name.get(f"{W}val", ""))
        if match is not None:
            levels[style.get(f"{W}styleId", "")] = int(match[1])
        elif outline is not None and outline.get(f"{W}val", "").isdecimal():
            levels[style.get(f"{W}styleId", "")] = int(outline.get(f"{W}val", "0")) + 1
        elif name is not None and name.get(f"{W}val", "").lower() == "title":
            levels[style.get(f"{W}styleId", "")] = 1
    return {key: level for key, level in levels.items() if level <= 9}
