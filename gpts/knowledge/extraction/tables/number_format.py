"""Numbers of spreadsheets as people see them: percent, leading zeros, currency, dates. Pure.

Format codes are those of Excel (ECMA-376 part 1, 18.8.30-31). Dates are written as ISO 8601, so
that they read the same in every language. A number keeps digits that its format hides, unless there are many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

# Numbers of the formats that every workbook has (ECMA-376, 18.8.30); others are written out in the file.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;-#,##0",
    38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((*range(27, 32), 34, 35, 36, *range(50, 59)), "yyyy-mm-dd"),
    32: "h:mm", 33: "h:mm:ss",
}  # fmt: skip
# The digits that Excel keeps; further ones are an error of binary fractions.
DIGITS = 15
# Digits beyond those of the format that are still shown: a price of 19.99 formatted as "0" is 19.99.
EXTRA_DECIMALS = 2
# Excel's own limit; a longer code is not parsed.
CODE_LENGTH = 255
# Most numbers, which are shown as they are written.
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})|-?(?:0|[1-9][0-9]{0,6})\.[0-9]{0,7}[1-9]")
_SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])+|(?<=;)(?=;|$)')
_PART = re.compile(
    r'"([^"]*)"|\\(.)|_.|\*.|\[([^\]]*)\]|(AM/PM|A/P|General|E[+-]|[yYmMdDhHsSbBgGeE]+|[0#?.,%/@]|.)', re.S
)
_CURRENCY = re.compile(r"\$([^-]*)")
_ELAPSED = re.compile(r"[hHmMsS]+")
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+)")
# Spaces and the like that part thousands.
_GAPS = (" ", "\u00a0", "\u202f", "'")
_MAX_SERIAL = 2_958_466


@dataclass(frozen=True)
class _Section:
    """One of the up to four parts of a format: literal text before and behind, and what stands between."""

    parts: tuple[tuple[str, str], ...]
    condition: tuple[str, float] | None

    def has(self, kind: str) -> bool:
        return any(part[0] == kind for part in self.parts)


def format_number(text: str, code: str, *, is_1904: bool = False) -> str:
    """Return the number written as ``text`` in a file in the format ``code`` (empty: General).

    A text that is no number is returned as it is.
    """
    if code in ("", "General") and _PLAIN.fullmatch(text):
        return text
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return text
    if not value.is_finite() or value.adjusted() > 400 or len(text) > 400:
        return text[:400]
    value = (
        Context(prec=DIGITS, rounding=ROUND_HALF_UP).create_decimal(value) if _has_fraction(value) else value
    )
    if code and not code.strip(";"):
        # Without any section the number is not shown: a way to hide it.
        return ""
    sections = parse_format(code) if 0 < len(code) <= CODE_LENGTH else ()
    if not sections:
        return write_plain(value)
    section, is_signed = _choose_section(sections, value)
    if section.has("date"):
        return _format_date(float(value), section, is_1904=is_1904) or write_plain(value)
    if not section.has("digit"):
        return _join_literals(section, write_plain(value))
    number = _format_digits(abs(value), section)
    is_negative = value < 0 and is_signed and any(digit in "123456789" for digit in number)
    return ("-" if is_negative else "") + number


def is_date_format(code: str) -> bool:
    return any(section.has("date") for section in parse_format(code)[:1]) if code else False


def write_plain(value: Decimal) -> str:
    """Return a number without an exponent, unless it is very large or small, and without trailing zeros."""
    if not _has_fraction(value) and value.adjusted() <= 21:
        return f"{value:f}"
    value = value.normalize() if value else Decimal(0)
    return f"{value:f}" if -10 <= value.adjusted() <= 21 else f"{value:E}".replace("E+", "E")


def _has_fraction(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent < 0


@lru_cache(maxsize=500)
def parse_format(code: str) -> tuple[_Section, ...]:
    return tuple(_parse_section(section) for section in _SECTION.findall(code)[:4])


def _parse_section(text: str) -> _Section:
    parts: list[tuple[str, str]] = []
    condition = None
    for quoted, escaped, bracket, other in _PART.findall(text):
        if quoted or escaped:
            parts.append(("text", quoted or escaped))
        elif bracket:
            found = _CONDITION.match(bracket)
            if found is not None:
                condition = (found[1], float(found[2]) if found[2].count(".") < 2 else 0.0)
            elif bracket.startswith("$"):
                match = _CURRENCY.match(bracket)
                parts.append(("text", match[1] if match else ""))
            elif _ELAPSED.fullmatch(bracket):
                parts.append(("date", f"[{bracket.lower()}]"))
        elif other in ("0", "#", "?"):
            parts.append(("digit", other))
        elif other in (".", ",", "%", "/"):
            parts.append((other, other))
        elif other in ("E+", "E-"):
            parts.append(("exponent", other))
        elif other in ("General", "@"):
            parts.append(("general", other))
        elif other in ("AM/PM", "A/P"):
            parts.append(("date", "am/pm"))
        elif other and other[0] in "yYmMdDhHsS":
            parts.append(("date", other.lower()))
        elif other:
            parts.append(("text", other))
    if any(kind == "date" for kind, _value in parts):
        # In a date the zeros behind a point are parts of a second, and the other marks separate.
        parts = [(kind, value) for kind, value in parts if kind in ("date", "digit", ".")]
    elif any(kind == "/" for kind, _value in parts) and not _is_fraction(parts):
        parts = [("text", value) if kind == "/" else (kind, value) for kind, value in parts]
    return _Section(tuple(parts), condition)


def _is_fraction(parts: list[tuple[str, str]]) -> bool:
    kinds = [kind for kind, _value in parts]
    at = kinds.index("/")
    return "digit" in kinds[:at] and kinds.count("/") == 1 and "." not in kinds


def _choose_section(sections: tuple[_Section, ...], value: Decimal) -> tuple[_Section, bool]:
    """Return the section for a value, and whether a negative one still needs its sign."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _meets(float(value), section.condition):
                return section, True
        return sections[-1], True
    if value < 0 and len(sections) > 1 and sections[1].parts:
        return sections[1], False
    if value == 0 and len(sections) > 2 and sections[2].parts:
        return sections[2], False
    return sections[0], True


def _meets(value: float, condition: tuple[str, float]) -> bool:
    sign, limit = condition
    return {
        "<": value < limit, ">": value > limit, "=": value == limit,
        "<=": value <= limit, ">=": value >= limit, "<>": value != limit,
    }[sign]  # fmt: skip


def _join_literals(section: _Section, number: str) -> str:
    """Return the text of a section without digits, such as "General" or "closed"."""
    if section.has("general"):
        return "".join(number if kind == "general" else value for kind, value in section.parts).strip()
    literal = "".join(value for kind, value in section.parts if kind == "text").strip()
    # A format of literal text alone hides the number; the number is what people ask for.
    return f"{literal} {number}".strip() if literal != "-" or number != "0" else literal


def _format_digits(value: Decimal, section: _Section) -> str:
    first = next(index for index, part in enumerate(section.parts) if part[0] == "digit")
    last = max(index for index, part in enumerate(section.parts) if part[0] in ("digit", "exponent"))
    before = "".join(part for kind, part in section.parts[:first] if kind in ("text", "%"))
    behind = "".join(part for kind, part in section.parts[last + 1 :] if kind in ("text", "%"))
    middle = section.parts[first : last + 1]
    if section.has("/"):
        # The denominator may be written out: "# ?/4".
        middle, behind = section.parts[first:], ""
    if section.has("%"):
        value *= 100
    if section.has("/"):
        number = _write_fraction(value, middle)
    elif section.has("exponent"):
        decimals = _count_decimals(middle)
        number = f"{value:.{min(decimals, DIGITS)}E}"
    elif any(kind == "text" and part not in _GAPS for kind, part in middle) and "." not in dict(middle):
        number = _place_digits(value, middle)
    elif not value and "-" in before and not any(part == "0" for _kind, part in middle):
        # Accounts show a dash for nothing.
        number = ""
    else:
        scale = 0
        for kind, _part in section.parts[last + 1 :]:
            if kind != ",":
                break
            scale += 3
        middle = tuple(part for part in middle if part[0] != "text")
        number = _write_decimal(value.scaleb(-scale) if scale else value, middle, is_scaled=bool(scale))
    return f"{before}{number}{behind}".strip()


def _count_decimals(parts: tuple[tuple[str, str], ...]) -> int:
    kinds = [kind for kind, _part in parts]
    if "." not in kinds:
        return 0
    behind = kinds[kinds.index(".") :]
    return (behind[: behind.index("exponent")] if "exponent" in behind else behind).count("digit")


def _write_decimal(value: Decimal, parts: tuple[tuple[str, str], ...], *, is_scaled: bool) -> str:
    kinds = [kind for kind, _part in parts]
    point = kinds.index(".") if "." in kinds else len(kinds)
    zeros = sum(1 for kind, part in parts[:point] if kind == "digit" and part == "0")
    shown = _count_decimals(parts)
    exponent = value.normalize().as_tuple().exponent
    held = max(-exponent, 0) if isinstance(exponent, int) else 0
    decimals = shown if is_scaled or held > shown + EXTRA_DECIMALS else max(shown, held)
    if shown and held < shown and all(part != "0" for kind, part in parts[point:] if kind == "digit"):
        # "#.##" shows no zeros at the end.
        decimals = held
    text = f"{_round(value, decimals):,f}" if "," in kinds[:point] else f"{_round(value, decimals):f}"
    whole, _mark, rest = text.partition(".")
    padding = zeros - sum(character.isdigit() for character in whole)
    if padding > 0:
        whole = "0" * padding + whole
    return f"{whole}.{rest}" if rest else whole


def _round(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=Context(prec=460))


def _place_digits(value: Decimal, parts: tuple[tuple[str, str], ...]) -> str:
    """Return digits placed between literal text, as in "(000) 000-0000": from the right."""
    places = sum(1 for kind, _part in parts if kind == "digit")
    digits = f"{_round(value, 0):f}"
    zeros = sum(1 for kind, part in parts if kind == "digit" and part == "0")
    digits = digits.zfill(zeros)
    if len(digits) < places:
        digits = digits.rjust(places)
    extra, digits = digits[: len(digits) - places], digits[len(digits) - places :]
    at = 0
    out = [extra]
    for kind, part in parts:
        if kind == "digit":
            out.append(digits[at])
            at += 1
        elif kind == "text":
            out.append(part)
    return "".join(out).strip()


def _write_fraction(value: Decimal, parts: tuple[tuple[str, str], ...]) -> str:
    kinds = [kind for kind, _part in parts]
    slash = kinds.index("/")
    behind = "".join(part for kind, part in parts[slash + 1 :] if kind in ("digit", "text")).strip()
    fixed = int(behind) if behind.isdecimal() and behind.strip("0") else 0
    places = max(sum(1 for kind in kinds[slash + 1 :] if kind == "digit"), 1)
    exact = Fraction(value)
    has_whole = "text" in kinds[:slash]
    whole = int(exact) if has_whole else 0
    rest = exact - whole
    if fixed:
        top, bottom = round(rest * fixed), fixed
    else:
        near = rest.limit_denominator(10 ** min(places, 4) - 1)
        top, bottom = near.numerator, near.denominator
    if top == bottom and has_whole:
        whole, top = whole + 1, 0
    if not top:
        return str(whole)
    return f"{whole} {top}/{bottom}" if whole else f"{top}/{bottom}"


def _format_date(serial: float, section: _Section, *, is_1904: bool) -> str:
    """Return a day number as ISO date, time or both, whichever the format shows; empty for no such day."""
    marks = [value for kind, value in section.parts if kind == "date"]
    elapsed = next((mark.strip("[]")[0] for mark in marks if mark.startswith("[")), "")
    plain = [mark[0] for mark in marks if not mark.startswith("[") and mark != "am/pm"]
    has_seconds = "s" in plain or elapsed == "s"
    if elapsed:
        return _write_duration(serial, elapsed, has_seconds=has_seconds, has_minutes="m" in plain)
    has_time = bool({"h", "s"} & set(plain)) or "am/pm" in marks
    # "m" is a month, unless it stands behind hours or before seconds.
    has_date = bool({"y", "d"} & set(plain)) or ("m" in plain and not has_time)
    if not 0 <= serial < _MAX_SERIAL:
        return ""
    moment = convert_serial(serial, is_1904=is_1904)
    clock = f"{moment:%H:%M:%S}" if has_seconds or moment.second else f"{moment:%H:%M}"
    if has_date and has_time:
        return f"{moment:%Y-%m-%d} {clock}"
    if not has_date:
        return clock
    return (
        f"{moment:%Y-%m-%d}"
        if (moment.hour, moment.minute, moment.second) == (0, 0, 0)
        else f"{moment:%Y-%m-%d} {clock}"
    )


def convert_serial(serial: float, *, is_1904: bool) -> datetime:
    """Return the moment of a day number, rounded to a second; 60 is 29 February 1900, which did not exist."""
    begin = date(1904, 1, 1) if is_1904 else date(1899, 12, 31 if serial < 60 else 30)
    return datetime.combine(begin, time(tzinfo=UTC)) + timedelta(seconds=round(serial * 86_400))


def _write_duration(serial: float, unit: str, *, has_seconds: bool, has_minutes: bool) -> str:
    sign = "-" if serial < 0 else ""
    seconds = round(abs(serial) * 86_400)
    if unit == "s":
        return f"{sign}{seconds}"
    if unit == "m":
        return f"{sign}{seconds // 60}:{seconds % 60:02}" if has_seconds else f"{sign}{seconds // 60}"
    text = f"{sign}{seconds // 3600}"
    if has_minutes or has_seconds:
        text += f":{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if has_seconds else text
