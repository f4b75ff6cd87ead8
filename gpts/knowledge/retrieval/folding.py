"""Folding of characters, so that spellings of one word become one: width, accents, variants. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

# Han with its extensions, kana and Hangul: scripts that are split into pairs of characters.
CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
# Thai, Lao, Myanmar, Khmer: written without spaces too, and split into pairs of syllable signs.
UNSPACED = "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u108f\u1780-\u17d3"

# Zero of each set of ten digits that people write numbers with.
_ZEROS = (
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20,
    0x1040, 0x17E0, 0x1810,
)  # fmt: skip
_FOLDED = {
    **{zero + digit: str(digit) for zero in _ZEROS for digit in range(10)},
    # Arabic separators of numbers, and letters that are written for each other.
    0x66B: ".", 0x66C: ",", 0x671: "ا", 0x649: "ي", 0x6CC: "ي", 0x6A9: "ك", 0x629: "ه", 0x6C0: "ه",
    0x6C1: "ه",
    # Letters that Unicode does not decompose, as people write them on other keyboards.
    0xE6: "ae", 0xC6: "AE", 0xF8: "o", 0xD8: "O", 0x153: "oe", 0x152: "OE", 0x142: "l", 0x141: "L",
    0x111: "d", 0x110: "D", 0xF0: "d", 0xD0: "D", 0x131: "i", 0x127: "h", 0x126: "H",
    # Final sigma, apostrophes and hyphens of typesetting.
    0x3C2: "σ", 0x2019: "'", 0x2018: "'", 0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2212: "-",
}  # fmt: skip
# Marks that one may leave out: accents, vowels of Arabic and Hebrew, the Arabic kashida. Invisible signs
# inside words: soft hyphens, joiners, directions of writing.
_DROPPED = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_HAS_HAN = re.compile("[\u3400-\u9fff]")
_TABLE = Path(__file__).with_name("traditional.txt")


def normalise(text: str) -> str:
    """Return ``text`` in the form that terms are made from; the length may change, the case does not.

    Full-width forms, digits of all scripts, accents, Arabic spellings with and without hamza and vowels, and
    traditional Chinese characters are folded.
    """
    if text.isascii():
        return text
    folded = unicodedata.normalize("NFKD", text)
    folded = unicodedata.normalize("NFC", _DROPPED.sub("", folded)).translate(_FOLDED)
    return folded.translate(_read_traditional()) if _HAS_HAN.search(folded) else folded


def list_marks() -> str:
    """Return the combining marks that belong to a word, as ranges of a pattern's character class."""
    found: list[list[int]] = []
    for code in range(0x300, 0x1CFF):
        if unicodedata.category(chr(code)).startswith("M"):
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


@cache
def _read_traditional() -> dict[int, str]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    pairs = [pair for line in lines if not line.startswith("#") for pair in line.split()]
    return {ord(pair[0]): pair[1] for pair in pairs}
