"""The numbers that Word puts before paragraphs of automatic lists, counted as it does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from gpts.knowledge.extraction.office.archives import Archive
from gpts.knowledge.extraction.word.number_formats import format_number
from gpts.knowledge.extraction.word.styles import LEVELS, NumberingReference, Styles, W, get_value, is_on

MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# Longer patterns are hostile: one is repeated before each paragraph.
PATTERN_LENGTH = 60
LISTS = 20_000
_PLACE = re.compile(r"%([1-9])")
_BULLETS = ("bullet", "none")


@dataclass(frozen=True)
class _Level:
    start: int = 1
    kind: str = "decimal"
    pattern: str = ""
    restarts_after: int | None = None
    is_legal: bool = False
    is_joined: bool = False
    style: str = ""
    digits: int = 0


@dataclass
class _List:
    """An abstract list: its levels by number from 0, and their counters, which all its instances share."""

    levels: dict[int, _Level] = field(default_factory=dict)
    linked_style: str = ""
    name: str = ""
    counters: list[int | None] = field(default_factory=lambda: [None] * LEVELS)


@dataclass(frozen=True)
class _Instance:
    """A list as paragraphs name it: an abstract list with levels of its own and starts that begin anew."""

    list_id: str
    levels: dict[int, _Level]
    starts: dict[int, int]


class Numbering:
    """Counts paragraphs of automatic lists; ``get_label`` must be asked for each one, in their order."""

    def __init__(self, archive: Archive, part: str | None, styles: Styles) -> None:
        self._styles = styles
        self._lists: dict[str, _List] = {}
        self._instances: dict[str, _Instance] = {}
        # The starts of instances that already began anew.
        self._begun: set[tuple[str, int]] = set()
        if part is None:
            return
        for element in archive.iter_elements(part, (f"{W}abstractNum", f"{W}num")):
            if element.tag == f"{W}abstractNum" and len(self._lists) < LISTS:
                self._lists[element.get(f"{W}abstractNumId", "")] = _read_list(element)
            elif element.tag == f"{W}num" and len(self._instances) < LISTS:
                self._instances[element.get(f"{W}numId", "")] = _read_instance(element)
            element.clear()

    def get_label(self, reference: NumberingReference | None, style_id: str) -> str:
        """Return what stands before the paragraph, with a space behind it where Word has one; often empty."""
        own = reference or NumberingReference(None, None)
        inherited = self._styles.get_numbering(style_id) or NumberingReference(None, None)
        list_id = own.list_id if own.list_id is not None else inherited.list_id
        instance = self._instances.get(list_id or "0")
        found = None if instance is None else self._find_list(instance)
        if instance is None or found is None:
            return ""
        by_style = (number for number, level in found.levels.items() if style_id and level.style == style_id)
        level = own.level
        if level is None:
            level = next(by_style, inherited.level)
        return self._count(list_id or "", instance, found, level or 0)

    def get_list_level(self, reference: NumberingReference | None, style_id: str) -> int:
        """Return the level from 1 of the automatic list that a paragraph belongs to, or 0."""
        own = reference or NumberingReference(None, None)
        inherited = self._styles.get_numbering(style_id) or NumberingReference(None, None)
        list_id = own.list_id if own.list_id is not None else inherited.list_id
        if (list_id or "0") not in self._instances:
            return 0
        return (own.level if own.level is not None else inherited.level or 0) + 1

    def count_named(self, name: str, level: int, start: int | None) -> str | None:
        """Count an entry of the list with this name, for a field; None when the document has no such list."""
        found = next((known for known in self._lists.values() if name and known.name == name.lower()), None)
        if found is None:
            return None
        if start is not None:
            found.counters[level] = start - 1
        return self._count("", _Instance("", {}, {}), found, level)

    def _find_list(self, instance: _Instance) -> _List | None:
        found = self._lists.get(instance.list_id)
        if found is not None and found.linked_style:
            # The levels are in the list that the numbering style names.
            linked = self._styles.get_numbering(found.linked_style)
            other = self._instances.get(linked.list_id or "") if linked is not None else None
            return found if other is None else self._lists.get(other.list_id, found)
        return found

    def _count(self, list_id: str, instance: _Instance, found: _List, number: int) -> str:
        levels = {**found.levels, **instance.levels} if instance.levels else found.levels
        level = levels.get(number)
        if level is None:
            return ""
        counters = found.counters
        current = counters[number]
        if number in instance.starts and (list_id, number) not in self._begun:
            self._begun.add((list_id, number))
            counters[number] = instance.starts[number]
        else:
            counters[number] = level.start if current is None else current + 1
        for above in range(number):
            if counters[above] is None:
                counters[above] = instance.starts.get(above, levels.get(above, _Level()).start)
        for below in range(number + 1, LEVELS):
            after = levels.get(below, _Level()).restarts_after
            if after is None or number < after:
                counters[below] = None
        return _write_label(level, levels, counters)


def _write_label(level: _Level, levels: dict[int, _Level], counters: list[int | None]) -> str:
    if level.kind == "bullet":
        return ""

    def replace(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        other = levels.get(place, _Level())
        value = counters[place] if counters[place] is not None else other.start
        assert value is not None  # for the type checker
        kind = "decimal" if level.is_legal and other.kind not in _BULLETS else other.kind
        text = format_number(value, kind)
        return text.zfill(other.digits) if other.digits and text.isdecimal() else text

    label = _PLACE.sub(replace, level.pattern).strip()
    return label if not label or level.is_joined else f"{label} "


def _read_list(element: etree._Element) -> _List:
    found = _List(
        linked_style=get_value(element, "numStyleLink") or "", name=(get_value(element, "name") or "").lower()
    )
    for child in element.iterfind(f"{W}lvl"):
        number = child.get(f"{W}ilvl", "")
        if len(number) == 1 and number.isdecimal() and int(number) < LEVELS:
            found.levels[int(number)] = _read_level(child)
    return found


def _read_instance(element: etree._Element) -> _Instance:
    found = _Instance(get_value(element, "abstractNumId") or "", {}, {})
    for override in element.iterfind(f"{W}lvlOverride"):
        text = override.get(f"{W}ilvl", "")
        if len(text) != 1 or not text.isdecimal() or int(text) >= LEVELS:
            continue
        child = override.find(f"{W}lvl")
        if child is not None:
            found.levels[int(text)] = _read_level(child)
        start = _read_int(get_value(override, "startOverride"))
        if start is not None:
            found.starts[int(text)] = start
    return found


def _read_level(element: etree._Element) -> _Level:
    kind, digits = get_value(element, "numFmt"), 0
    if kind is None:
        # Formats such as "001" stand in an alternative that older programs need not know.
        custom = element.find(f"{MC}AlternateContent/{MC}Choice/{W}numFmt")
        if custom is not None:
            kind = "decimal"
            digits = len(custom.get(f"{W}format", "").partition(",")[0].strip()[:10])
    pattern = get_value(element, "lvlText") or ""
    return _Level(
        start=_read_int(get_value(element, "start")) or 0,
        kind=kind or "decimal",
        pattern="" if is_on(element.find(f"{W}rPr"), "vanish") else pattern[:PATTERN_LENGTH],
        restarts_after=_read_int(get_value(element, "lvlRestart")),
        is_legal=is_on(element, "isLgl"),
        is_joined=get_value(element, "suff") == "nothing",
        style=get_value(element, "pStyle") or "",
        digits=digits,
    )


def _read_int(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) < 8 else None
