"""Unicode by its byte order mark, and UTF-16 or UTF-32 without one. Pure; uploads use it too."""

from __future__ import annotations

import codecs
import unicodedata

# Longer marks first: the one of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
WIDE = frozenset(f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "-le", "-be"))
# Bytes that are looked at.
_SAMPLE = 16_384
# Of all characters, the share that must be ordinary ones.
_ORDINARY_SHARE = 0.97
# Texts of so many characters have spaces, line ends or points.
_LONG = 64
_CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}
# Beginning and end of what texts are made of, besides ASCII: Latin to Armenian, Hebrew and Arabic, Indic and
# Thai, Georgian, Latin with marks, Greek, punctuation, kana, Han, Hangul, full-width forms.
_ORDINARY = (
    (0xA0, 0x58F), (0x590, 0x6FF), (0x900, 0xE7F), (0x10A0, 0x10FF), (0x1E00, 0x206F), (0x20A0, 0x2265),
    (0x2500, 0x25FF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFF00, 0xFFEF),
    (0x1F300, 0x1FAFF),
)  # fmt: skip


def find_mark(sample: bytes) -> str:
    """Return the charset by the byte order mark; empty without one."""
    return next((charset for mark, charset in _MARKS if sample.startswith(mark)), "")


def guess_wide_charset(sample: bytes) -> str:
    """Return UTF-16 or UTF-32 with its byte order for a text in it without a mark; empty for anything else.

    Only samples with control characters are looked at, which texts in these have for line ends and
    punctuation.
    """
    if len(sample) < _SAMPLE and len(sample) % 2:
        return ""
    sample = sample[: min(_SAMPLE, len(sample) - len(sample) % 4) or 2]
    if len(sample) < 4 or not _CONTROLS & set(sample):
        return ""
    for charset, high, next_high in (("utf-32-le", 3, 2), ("utf-32-be", 0, 1)):
        if not any(sample[high::4]) and max(sample[next_high::4]) <= 0x10 and _rate(sample, charset) > 0:
            return charset
    rates = {charset: _rate(sample, charset) for charset in ("utf-16-le", "utf-16-be")}
    best = max(rates, key=lambda charset: rates[charset])
    return best if rates[best] > 0 else ""


def _rate(sample: bytes, charset: str) -> float:
    """Return how well a sample reads in a charset: 0 if it is no text."""
    try:
        # A pair of surrogates may be cut at the end.
        text = codecs.getincrementaldecoder(charset)("strict").decode(sample)
    except UnicodeDecodeError:
        return 0
    if not text or any(ord(character) in _CONTROLS for character in text):
        return 0
    ordinary = plain = 0
    for character in text:
        code = ord(character)
        if code < 0x7F or 0x3000 <= code <= 0x3011 or code in (0xFF0C, 0xFF1A, 0xFF1F):
            plain += 1
        elif (
            any(first <= code <= last for first, last in _ORDINARY)
            and unicodedata.category(character) != "Cn"
        ):
            ordinary += 1
    if plain + ordinary < len(text) * _ORDINARY_SHARE or (len(text) > _LONG and plain * 50 < len(text)):
        return 0
    # In the wrong order, ASCII and punctuation become rare characters of other scripts.
    return (2 * plain + ordinary) / len(text)
