"""Numbers that Word computes for fields without a stored result: AUTONUM, LISTNUM, SEQ. Pure.

By "Field codes" of Word's help and ISO/IEC 29500-1, 17.16.5. A document has one ``NumberFields``, which is
asked for each field in the order of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gpts.knowledge.extraction.word.number_formats import format_number

# Lists and sequences of a document that are counted; a hostile one names a million.
NAMES = 1_000
LEVELS = 9
# Body text is numbered below all headings.
BODY_LEVEL = LEVELS + 1
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_AUTOMATIC = ("AUTONUM", "AUTONUMLGL", "AUTONUMOUT")
_FORMATS = {
    "arabic": "decimal", "roman": "lowerRoman", "ROMAN": "upperRoman", "Roman": "upperRoman",
    "alphabetic": "lowerLetter", "ALPHABETIC": "upperLetter", "Alphabetic": "upperLetter",
    "ordinal": "ordinal", "cardtext": "cardinalText", "ordtext": "ordinalText",
    "circlenum": "decimalEnclosedCircle", "chinesenum1": "chineseCounting",
    "chinesenum2": "chineseLegalSimplified", "chinesenum3": "chineseCountingThousand",
}  # fmt: skip
# Format of the number and what stands around it, by level from 1.
_NUMBER = (
    ("decimal", "{})"), ("lowerLetter", "{})"), ("lowerRoman", "{})"), ("decimal", "({})"),
    ("lowerLetter", "({})"), ("lowerRoman", "({})"), ("decimal", "{}."), ("lowerLetter", "{}."),
    ("lowerRoman", "{}."),
)  # fmt: skip
_OUTLINE = (
    ("upperRoman", "{}."), ("upperLetter", "{}."), ("decimal", "{}."), ("lowerLetter", "{})"),
    ("decimal", "({})"), ("lowerLetter", "({})"), ("lowerRoman", "({})"), ("lowerLetter", "({})"),
    ("lowerRoman", "({})"),
)  # fmt: skip

# Writes the next number of a list that the document defines: its name, the level from 0, a new start or None.
ListCounter = Callable[[str, int, int | None], str | None]


class NumberFields:
    """Counts the fields. ``count_list`` knows the lists of the document by name."""

    def __init__(self, count_list: ListCounter = lambda _name, _level, _start: None) -> None:
        self._count_list = count_list
        self._automatic: dict[str, list[int]] = {}
        self._lists: dict[str, list[int]] = {}
        self._sequences: dict[str, int] = {}
        self._paragraph = -1
        self._last: dict[str, str] = {}

    def count(
        self, instruction: str, *, paragraph: int, heading: int = 0, list_level: int = 0, result: str = ""
    ) -> str:
        """Count a field and return the number that it shows; empty for other fields.

        ``paragraph`` tells paragraphs apart, ``heading`` is its level or 0, ``list_level`` the level from 1
        of its automatic list or 0. ``result`` is what the file has stored: a sequence goes on behind it.
        """
        words = [quoted or plain for quoted, plain in _WORD.findall(instruction[:200])]
        kind = words[0].upper() if words else ""
        if kind in _AUTOMATIC:
            return self._count_automatic(kind, words[1:], paragraph, heading)
        if kind == "LISTNUM":
            return self._count_list_number(words[1:], list_level)
        if kind == "SEQ":
            return self._count_sequence(words[1:], result)
        return ""

    def _count_automatic(self, kind: str, words: list[str], paragraph: int, heading: int) -> str:
        if paragraph != self._paragraph:
            self._paragraph, self._last = paragraph, {}
        if kind in self._last:
            # All of a paragraph show its number.
            return self._last[kind]
        level = heading if 0 < heading <= LEVELS else BODY_LEVEL
        counters = self._automatic.setdefault(kind, [0] * (BODY_LEVEL + 1))
        counters[level] += 1
        counters[level + 1 :] = [0] * (BODY_LEVEL - level)
        self._last[kind] = text = self._write_automatic(kind, words, counters, level)
        return text

    def _write_automatic(self, kind: str, words: list[str], counters: list[int], level: int) -> str:
        switches = _read_switches(words)
        end = switches.get("s", ".")[:1]
        if kind == "AUTONUMLGL":
            parts = [str(counters[at]) for at in range(1, level + 1) if counters[at]]
            return end.join(parts) + ("" if "e" in switches else end)
        if kind == "AUTONUMOUT":
            above = sum(1 for at in range(1, level) if counters[at])
            style, pattern = _OUTLINE[min(above, LEVELS - 1) if level == BODY_LEVEL else level - 1]
            return pattern.format(format_number(counters[level], style))
        return format_number(counters[level], _get_format(switches)) + end

    def _count_list_number(self, words: list[str], list_level: int) -> str:
        switches = _read_switches(words)
        name = words[0] if words and not words[0].startswith("\\") else "NumberDefault"
        level = _read_number(switches.get("l", "")) or list_level + 1
        level = max(1, min(level, LEVELS))
        start = _read_number(switches.get("s", ""))
        own = self._count_list(name, level - 1, start)
        if own is not None:
            return own.strip()
        name = name.lower()
        if name not in self._lists and len(self._lists) >= NAMES:
            return ""
        counters = self._lists.setdefault(name, [0] * (LEVELS + 1))
        counters[level] = counters[level] + 1 if start is None else start
        counters[level + 1 :] = [0] * (LEVELS - level)
        if name == "legaldefault":
            return ".".join(str(counters[at] or 1) for at in range(1, level + 1)) + "."
        style, pattern = (_OUTLINE if name == "outlinedefault" else _NUMBER)[level - 1]
        return pattern.format(format_number(counters[level], style))

    def _count_sequence(self, words: list[str], result: str) -> str:
        name = words[0].lower() if words else ""
        if (
            not name
            or name.startswith("\\")
            or (name not in self._sequences and len(self._sequences) >= NAMES)
        ):
            return ""
        switches = _read_switches(words[1:])
        stored, reset = _read_number(result.strip()), _read_number(switches.get("r", ""))
        number = self._sequences.get(name, 0)
        if stored is not None:
            number = stored
        elif reset is not None:
            number = reset
        elif "c" not in switches:
            number += 1
        self._sequences[name] = number
        return "" if "h" in switches and "*" not in switches else format_number(number, _get_format(switches))


def _read_switches(words: list[str]) -> dict[str, str]:
    """Return what stands behind each switch, by its letter; the last ``\\*`` that names a format counts."""
    found: dict[str, str] = {}
    for at, word in enumerate(words):
        if word.startswith("\\") and len(word) > 1:
            behind = words[at + 1] if at + 1 < len(words) and not words[at + 1].startswith("\\") else ""
            value = word[2:] or behind
            if word[1] != "*" or value.upper() not in ("MERGEFORMAT", "CHARFORMAT"):
                found[word[1].lower()] = value
    return found


def _get_format(switches: dict[str, str]) -> str:
    name = switches.get("*", "")
    return _FORMATS.get(name) or _FORMATS.get(name.lower(), "decimal")


def _read_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None
