"""The numbers before paragraphs and headings of an OpenDocument text. By OASIS OpenDocument 1.3, 19.880 on.

Counted as LibreOffice does: a list has one counter for each level, whatever elements its items are in, and an
item of a level lets those below begin anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from gpts.knowledge.extraction.word.number_formats import format_number

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
ID = "{http://www.w3.org/XML/1998/namespace}id"
LIST, ITEM, HEADER = f"{TEXT}list", f"{TEXT}list-item", f"{TEXT}list-header"
STYLES = (f"{TEXT}list-style", f"{TEXT}outline-style")
LEVELS = 10
# Longer patterns, and more lists and styles, are hostile.
PATTERN_LENGTH = 60
LISTS = 20_000
_NUMBERED = (f"{TEXT}list-level-style-number", f"{TEXT}outline-level-style")
_PLACE = re.compile(r"%(10|[1-9])%")
# What a file calls a format, by its first characters, and what number_formats calls it.
_FORMATS = {
    "1": "decimal", "01": "decimalZero", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman",
    "I": "upperRoman", "一": "chineseCounting", "壹": "chineseLegalSimplified",
    "壱": "japaneseLegal", "甲": "ideographTraditional", "子": "ideographZodiac",
    "①": "decimalEnclosedCircle", "ア": "aiueo", "ｱ": "aiueo", "イ": "iroha", "ｲ": "iroha", "가": "ganada",
    "ㄱ": "chosung", "일": "koreanDigital", "א": "hebrew2", "أ": "arabicAlpha", "ก": "thaiLetters",
    "１": "decimalFullWidth", "α": "greekLower", "Α": "greekUpper", "а": "russianLower", "А": "russianUpper",
}  # fmt: skip
_ROOT_MARK, _SEEN_MARK = "loggia-list", "loggia-seen"


@dataclass(frozen=True)
class _Level:
    kind: str
    before: str
    after: str
    start: int
    shown: int
    pattern: str
    is_synchronous: bool


_Levels = dict[int, _Level]


@dataclass
class _List:
    counters: list[int | None] = field(default_factory=lambda: [None] * LEVELS)
    # The levels that were last used for each counter: a list in another may have a style of its own.
    levels: _Levels = field(default_factory=dict)


class Lists:
    """Counts the items of lists; ``get_label`` must be asked for each paragraph, in their order."""

    def __init__(self) -> None:
        self._styles: dict[str, _Levels] = {}
        self._outline: _Levels = {}
        self._chapters = _List()
        self._lists: dict[str, _List] = {}
        self._last_of_style: dict[str, _List] = {}

    def add_style(self, element: etree._Element) -> None:
        """Take a list style, or the one for headings. Later ones of the same name replace earlier ones."""
        levels: _Levels = {}
        for child in element.iterchildren(*_NUMBERED):
            number = _read_count(child, f"{TEXT}level", 0)
            if 1 <= number <= LEVELS:
                levels[number - 1] = _read_level(child)
        if element.tag == f"{TEXT}outline-style":
            self._outline = levels
        elif len(self._styles) < LISTS:
            self._styles[element.get(f"{STYLE}name", "")] = levels

    def get_label(self, element: etree._Element) -> str:
        """Return what stands before a paragraph or heading, with a space behind it; often empty."""
        items = list(element.iterancestors(ITEM, HEADER))
        if not items:
            return self._count_heading(element)
        item = items[0]
        if element.getparent() is not item or item.tag == HEADER or item.get(_SEEN_MARK):
            return ""
        item.set(_SEEN_MARK, "1")
        lists = list(element.iterancestors(LIST))
        found = self._find_list(lists[-1])
        style = next((name for one in lists if (name := one.get(f"{TEXT}style-name"))), "")
        number = min(len(lists), LEVELS) - 1
        start = _read_count(item, f"{TEXT}start-value", -1)
        return _count(found, self._styles.get(style, {}), number, start)

    def _count_heading(self, element: etree._Element) -> str:
        if element.tag != f"{TEXT}h" or element.get(f"{TEXT}is-list-header") == "true":
            return ""
        level = min(max(_read_count(element, f"{TEXT}outline-level", 1), 1), LEVELS) - 1
        is_anew = element.get(f"{TEXT}restart-numbering") == "true"
        start = _read_count(element, f"{TEXT}start-value", 1) if is_anew else -1
        return _count(self._chapters, self._outline, level, start)

    def _find_list(self, root: etree._Element) -> _List:
        """Return the counters of a whole list, which may go on from an earlier one."""
        key = root.get(_ROOT_MARK)
        if key is not None:
            return self._lists[key]
        style = root.get(f"{TEXT}style-name", "")
        found = self._lists.get(f"id {root.get(f'{TEXT}continue-list', '')}")
        if found is None and root.get(f"{TEXT}continue-numbering") == "true":
            found = self._last_of_style.get(style)
        found = found or _List()
        key = f"id {root.get(ID) or f'without {len(self._lists)}'}"
        root.set(_ROOT_MARK, key)
        if len(self._lists) >= LISTS:
            self._lists.clear()
        self._lists[key] = self._last_of_style[style] = found
        return found


def _count(found: _List, levels: _Levels, number: int, start: int) -> str:
    level = levels.get(number)
    counters = found.counters
    current = counters[number]
    first = level.start if level is not None else 1
    counters[number] = start if start >= 0 else (first if current is None else current + 1)
    found.levels |= levels
    for above in range(number):
        if counters[above] is None:
            other = levels.get(above)
            counters[above] = other.start if other is not None else 1
    counters[number + 1 :] = [None] * (LEVELS - number - 1)
    return "" if level is None else _write_label(level, levels, counters, number)


def _write_label(level: _Level, levels: _Levels, counters: list[int | None], number: int) -> str:
    def write(place: int) -> str:
        other, value = levels.get(place), counters[place]
        return "" if other is None or value is None else _write_number(other, value)

    if level.pattern:
        label = _PLACE.sub(lambda match: write(int(match[1]) - 1), level.pattern)
    elif not level.kind:
        # No number, but perhaps a word before each.
        label = f"{level.before}{level.after}"
    else:
        shown = [write(place) for place in range(max(0, number - level.shown + 1), number + 1)]
        label = f"{level.before}{'.'.join(filter(None, shown))}{level.after}"
    label = label.strip()
    return f"{label} " if label else ""


def _write_number(level: _Level, number: int) -> str:
    if level.kind in ("lowerLetter", "upperLetter") and not level.is_synchronous:
        # After z comes aa, then ab.
        letters = ""
        while number > 0:
            number, rest = divmod(number - 1, 26)
            letters = chr(ord("a") + rest) + letters
        return letters.upper() if level.kind == "upperLetter" else letters
    return format_number(number, level.kind or "none")


def _read_level(element: etree._Element) -> _Level:
    kind = element.get(f"{STYLE}num-format", "")
    first = kind.split(",")[0].strip()
    return _Level(
        kind=_FORMATS.get(first, _FORMATS.get(first[:1], "decimal")) if kind else "",
        before=element.get(f"{STYLE}num-prefix", "")[:PATTERN_LENGTH],
        after=element.get(f"{STYLE}num-suffix", "")[:PATTERN_LENGTH],
        start=_read_count(element, f"{TEXT}start-value", 1),
        shown=max(1, _read_count(element, f"{TEXT}display-levels", 1)),
        pattern=element.get(f"{LOEXT}num-list-format", "")[:PATTERN_LENGTH] if kind else "",
        is_synchronous=element.get(f"{STYLE}num-letter-sync") == "true",
    )


def _read_count(element: etree._Element, name: str, default: int) -> int:
    value = element.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 7 else default
