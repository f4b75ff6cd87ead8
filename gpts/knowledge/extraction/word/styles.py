"""Styles of Word documents: heading levels and the lists that styles belong to, inherited ones included."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gpts.knowledge.extraction.office.archives import Archive
from gpts.knowledge.extraction.outline import HEADING_STYLE

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
# Styles that are based on each other in a longer chain, or in a circle, are hostile.
CHAIN = 20
LEVELS = 9


@dataclass(frozen=True)
class NumberingReference:
    """What w:numPr says: the list's id, None where it is left to the style, and the level from 0 or None."""

    list_id: str | None
    level: int | None


@dataclass(frozen=True)
class Style:
    """``heading_level`` from 1; 0 for a body text, None where the style does not say."""

    based_on: str
    heading_level: int | None
    numbering: NumberingReference | None


class Styles:
    """The styles of a document by id."""

    def __init__(self, archive: Archive, part: str | None) -> None:
        self._styles: dict[str, Style] = {}
        if part is None:
            return
        for element in archive.iter_elements(part, (f"{W}style",)):
            self._styles[element.get(f"{W}styleId", "")] = _read_style(element)
            element.clear()

    def get_heading_level(self, style_id: str) -> int:
        """Return the level from 1, or 0 for a style of body text."""
        for style in self._list_chain(style_id):
            if style.heading_level is not None:
                return style.heading_level
        match = None if style_id in self._styles else HEADING_STYLE.match(style_id)
        return int(match[1]) if match is not None else 0

    def get_numbering(self, style_id: str) -> NumberingReference | None:
        """Return what the style or those that it is based on say about lists."""
        list_id: str | None = None
        level: int | None = None
        for style in self._list_chain(style_id):
            if style.numbering is not None:
                list_id = style.numbering.list_id if list_id is None else list_id
                level = style.numbering.level if level is None else level
        return None if list_id is None else NumberingReference(list_id, level)

    def _list_chain(self, style_id: str) -> list[Style]:
        chain: list[Style] = []
        while style_id in self._styles and len(chain) < CHAIN:
            chain.append(self._styles[style_id])
            style_id = chain[-1].based_on
        return chain


def read_outline_level(properties: etree._Element | None) -> int | None:
    """Return the level of w:outlineLvl from 1, 0 for "body text", None without one."""
    value = get_value(properties, "outlineLvl")
    if value is None or not value.isdecimal():
        return None
    return int(value) + 1 if len(value) == 1 and int(value) < LEVELS else 0


def read_numbering(properties: etree._Element | None) -> NumberingReference | None:
    """Return w:numPr of paragraph properties."""
    found = None if properties is None else properties.find(f"{W}numPr")
    if found is None:
        return None
    level = get_value(found, "ilvl")
    is_known = level is not None and len(level) == 1 and level.isdecimal() and int(level) < LEVELS
    return NumberingReference(get_value(found, "numId"), int(level or 0) if is_known else None)


def get_value(element: etree._Element | None, name: str) -> str | None:
    """Return w:val of a child."""
    found = None if element is None else element.find(f"{W}{name}")
    return None if found is None else found.get(f"{W}val", "")


def is_on(properties: etree._Element | None, name: str) -> bool:
    """Return whether a switch such as w:vanish is there and not turned off."""
    value = get_value(properties, name)
    return value is not None and value not in ("0", "false", "off")


def _read_style(element: etree._Element) -> Style:
    properties = element.find(f"{W}pPr")
    name = get_value(element, "name") or ""
    match = HEADING_STYLE.match(name)
    level = int(match[1]) if match is not None else read_outline_level(properties)
    if level is None and name.lower() == "title":
        level = 1
    return Style(get_value(element, "basedOn") or "", level, read_numbering(properties))
