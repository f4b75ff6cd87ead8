"""The text of paragraphs on slides, with the numbers of automatic lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from gpts.knowledge.extraction.office.math_text import FORMULAS, read_formula
from gpts.knowledge.extraction.office.open_xml import MC
from gpts.knowledge.extraction.word.number_formats import format_number

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
LEVELS = 9
# Control characters as PowerPoint writes them into texts: a line break of a title.
_ESCAPED = re.compile(r"_x00[01][0-9A-Fa-f]_")
# Types of numbers are put together from these: "romanUcParenBoth" is "(IV)".
_KINDS = {
    "arabicDb": "decimalFullWidth",
    "arabic": "decimal",
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "circleNum": "decimalEnclosedCircle",
    "ea1Chs": "chineseCounting",
    "ea1Cht": "taiwaneseCounting",
    "ea1JpnChs": "chineseCounting",
    "ea1JpnKor": "japaneseCounting",
    "thaiAlpha": "thaiLetters",
    "thaiNum": "thaiNumbers",
    "hebrew2": "hebrew2",
    "arabic1": "decimal",
    "arabic2": "decimal",
    "hindiAlpha": "decimal",
    "hindiNum": "hindiNumbers",
}
_PATTERNS = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})", "Minus": "{}-"}


def iter_texts(shape: etree._Element) -> Iterator[str]:
    """Yield the paragraphs of a shape that are not empty, each on one line."""
    counter = _Counter()
    for paragraph in shape.iter(f"{A}p"):
        text = read_paragraph(paragraph)
        if text:
            yield counter.get_label(paragraph) + text


def read_paragraph(paragraph: etree._Element) -> str:
    parts: list[str] = []
    _walk(paragraph, parts)
    text = "".join(parts).replace("\xad", "")
    return " ".join(_ESCAPED.sub(" ", text).split())


def _walk(element: etree._Element, parts: list[str]) -> None:
    for child in element:
        if child.tag == f"{A}t":
            parts.append(child.text or "")
        elif child.tag in (f"{A}br", f"{A}tab"):
            parts.append(" ")
        elif child.tag in FORMULAS:
            parts.append(read_formula(child))
        elif child.tag == f"{MC}AlternateContent":
            first = child.find(f"{MC}Choice")
            if first is not None:
                _walk(first, parts)
        elif isinstance(child.tag, str) and child.get("type") != "slidenum":
            _walk(child, parts)


class _Counter:
    """Counts the paragraphs of lists by level; another paragraph of the level begins a new list."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[str, int]] = {}

    def get_label(self, paragraph: etree._Element) -> str:
        properties = paragraph.find(f"{A}pPr")
        text = "0" if properties is None else properties.get("lvl", "0")
        level = int(text) if len(text) == 1 and text.isdecimal() else 0
        self._counts = {known: count for known, count in self._counts.items() if known <= level}
        found = None if properties is None else properties.find(f"{A}buAutoNum")
        if found is None:
            self._counts.pop(level, None)
            return ""
        kind, start = found.get("type", ""), found.get("startAt", "1")
        before = self._counts.get(level)
        first = int(start) if start.isdecimal() and len(start) < 6 else 1
        number = before[1] + 1 if before is not None and before[0] == kind else first
        self._counts[level] = (kind, number)
        return _write_number(number, kind)


def _write_number(number: int, kind: str) -> str:
    for prefix in sorted(_KINDS, key=len, reverse=True):
        if kind.startswith(prefix):
            rest = kind[len(prefix) :]
            pattern = next((shape for end, shape in _PATTERNS.items() if rest.endswith(end)), "{}")
            return pattern.format(format_number(number, _KINDS[prefix])) + " "
    return f"{number}. "
