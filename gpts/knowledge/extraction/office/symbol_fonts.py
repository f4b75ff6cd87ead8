"""Characters of the fonts Symbol and Wingdings, which Office stores by their place in the font. Pure."""

from __future__ import annotations

# Fonts of symbols occupy this part of the private use area.
_FIRST, _LAST = 0xF000, 0xF0FF

# Adobe's encoding of the font Symbol, from 0x20 on and from 0xA0 on; a space where there is none.
_SYMBOL = {
    0x20: " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
}
_WINGDINGS = {
    0x21: "✏", 0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x36: "⌛", 0x41: "✌", 0x46: "☞", 0x4A: "☺",
    0x4C: "☹", 0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "□", 0x70: "□", 0x71: "❑", 0x72: "❒", 0x76: "❖",
    0x75: "◆", 0xA1: "○", 0xA7: "▪", 0xA8: "☐", 0xAB: "★", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑",
    0xE2: "↓", 0xE8: "➔", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
    **{0x81 + number: chr(0x2460 + number) for number in range(10)},
    **{0x8C + number: chr(0x2776 + number) for number in range(10)},
}  # fmt: skip
_WINGDINGS_2 = {0x4F: "✗", 0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0xA3: "☐", 0x54: "☒"}


def read_symbol(font: str, code: str) -> str:
    """Return the character of w:sym: ``font`` is a name, ``code`` its place in hexadecimal; "" if unknown."""
    try:
        place = int(code, 16)
    except ValueError:
        return ""
    if _FIRST <= place <= _LAST:
        place -= _FIRST
    elif not 0x20 <= place < 0xE000:
        return ""
    else:
        # An ordinary character of an ordinary font.
        return chr(place) if font.lower() not in _FONTS or place > 0xFF else _look_up(font, place)
    return _look_up(font, place)


def _look_up(font: str, place: int) -> str:
    known = _FONTS.get(font.lower())
    if known is None:
        return chr(place) if 0x20 <= place < 0x7F or place >= 0xA0 else ""
    return known.get(place, "")


_FONTS: dict[str, dict[int, str]] = {
    "symbol": {first + place: c for first, row in _SYMBOL.items() for place, c in enumerate(row)},
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
}
