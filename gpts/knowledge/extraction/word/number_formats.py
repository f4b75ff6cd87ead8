"""The numbers of automatic lists, as Word writes them: "iv", "b", "第三". Pure."""

from __future__ import annotations

from collections.abc import Callable

# Higher numbers are written in digits; no list has as many letters.
LARGEST = 10_000

_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_RUSSIAN = "абвгдежзиклмнопрстуфхцчшщыэюя"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
_DIGITS = "〇一二三四五六七八九"
_LEGAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_LEGAL_DIGITS_TRADITIONAL = "零壹貳參肆伍陸柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
_IROHA = "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン"
_GANADA = "가나다라마바사아자차카타파하"
_HANGUL = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"
_KOREAN_DIGITS = "영일이삼사오육칠팔구"
_ARABIC = "أبتثجحخدذرزسشصضطظعغفقكلمنهوي"
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
_THAI = "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"


def format_number(number: int, kind: str) -> str:
    """Return ``number`` in a number format of Word (ST_NumberFormat); digits for an unknown one."""
    if kind in ("none", "bullet"):
        return ""
    if kind == "decimalZero":
        return f"{number:02d}"
    if not 0 < number <= LARGEST:
        return str(number)
    formatter = _FORMATS.get(kind)
    return str(number) if formatter is None else formatter(number)


def _roman(number: int) -> str:
    parts = []
    for value, letters in _ROMAN:
        parts.append(letters * (number // value))
        number %= value
    return "".join(parts)


def _repeat_letters(letters: str) -> Callable[[int], str]:
    """After the last letter comes the first one twice, as in Word: z, aa, bb."""

    def write(number: int) -> str:
        turn, place = divmod(number - 1, len(letters))
        return letters[place] * (turn + 1) if turn < 30 else str(number)

    return write


def _cycle(letters: str) -> Callable[[int], str]:
    return lambda number: letters[(number - 1) % len(letters)]


def _enclose(first: int, last: int) -> Callable[[int], str]:
    return lambda number: chr(first + number - 1) if number <= last else str(number)


def _count_chinese(digits: str, units: tuple[str, str, str, str], *, drops_one: bool) -> Callable[[int], str]:
    """Write 1 to 10,000 with units: 十二, 一百零三. ``drops_one``: 十 instead of 一十 at the beginning."""

    def write(number: int) -> str:
        parts: list[str] = []
        is_gap = False
        for power in (4, 3, 2, 1, 0):
            digit = number // 10**power % 10
            if digit == 0:
                is_gap = bool(parts)
                continue
            if is_gap:
                parts.append(digits[0] if digits[0] != "〇" else "零")
                is_gap = False
            unit = units[power - 1] if power else ""
            parts.append(
                unit if drops_one and power == 1 and digit == 1 and not parts else digits[digit] + unit
            )
        return "".join(parts)

    return write


def _count_japanese(number: int) -> str:
    """十, 百三, 二千: no zero for a gap, no one before a unit."""
    parts = []
    for power in (4, 3, 2, 1, 0):
        digit = number // 10**power % 10
        if digit:
            unit = ("十", "百", "千", "万")[power - 1] if power else ""
            parts.append(unit if digit == 1 and power in (1, 2, 3) else _DIGITS[digit] + unit)
    return "".join(parts)


def _write_digits(digits: str) -> Callable[[int], str]:
    return lambda number: "".join(digits[int(digit)] for digit in str(number))


def _ordinal(number: int) -> str:
    tail = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"


_ONES = (
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def _cardinal_text(number: int) -> str:
    if number >= 100:
        return str(number)
    if number < 20:
        return _ONES[number].capitalize()
    return "-".join(filter(None, (_TENS[number // 10], _ONES[number % 10]))).capitalize()


def _ordinal_text(number: int) -> str:
    if number >= 100:
        return _ordinal(number)
    head, dash, last = _cardinal_text(number).lower().rpartition("-")
    word = _ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else f"{last}th")
    return f"{head}{dash}{word}".capitalize()


_CHINESE = _count_chinese(_DIGITS, ("十", "百", "千", "万"), drops_one=True)
_TRADITIONAL = _count_chinese(_DIGITS, ("十", "百", "千", "萬"), drops_one=True)
_FORMATS: dict[str, Callable[[int], str]] = {
    "upperRoman": lambda number: _roman(number).upper(),
    "lowerRoman": _roman,
    "upperLetter": _repeat_letters(_LATIN.upper()),
    "lowerLetter": _repeat_letters(_LATIN),
    "russianLower": _repeat_letters(_RUSSIAN),
    "russianUpper": _repeat_letters(_RUSSIAN.upper()),
    "greekLower": _repeat_letters(_GREEK),
    "greekUpper": _repeat_letters(_GREEK.upper()),
    "arabicAlpha": _repeat_letters(_ARABIC),
    "hebrew2": _repeat_letters(_HEBREW),
    "thaiLetters": _repeat_letters(_THAI),
    "ordinal": _ordinal,
    "cardinalText": _cardinal_text,
    "ordinalText": _ordinal_text,
    "hex": lambda number: f"{number:X}",
    "numberInDash": lambda number: f"- {number} -",
    "decimalFullWidth": _write_digits("０１２３４５６７８９"),
    "decimalFullWidth2": _write_digits("０１２３４５６７８９"),
    "decimalEnclosedCircle": _enclose(0x2460, 20),
    "decimalEnclosedCircleChinese": _enclose(0x2460, 20),
    "decimalEnclosedParen": _enclose(0x2474, 20),
    "decimalEnclosedFullstop": _enclose(0x2488, 20),
    "ideographEnclosedCircle": _enclose(0x3280, 10),
    "chineseCounting": _CHINESE,
    "chineseCountingThousand": _CHINESE,
    "taiwaneseCounting": _TRADITIONAL,
    "taiwaneseCountingThousand": _TRADITIONAL,
    "ideographDigital": _write_digits(_DIGITS),
    "japaneseDigitalTenThousand": _write_digits(_DIGITS),
    "taiwaneseDigital": _write_digits(_DIGITS),
    "koreanDigital": _write_digits(_KOREAN_DIGITS),
    "japaneseCounting": _count_japanese,
    "japaneseLegal": _count_chinese("零壱弐参四五六七八九", ("拾", "百", "阡", "萬"), drops_one=False),
    "koreanCounting": _count_chinese(_KOREAN_DIGITS, ("십", "백", "천", "만"), drops_one=True),
    "chineseLegalSimplified": _count_chinese(_LEGAL_DIGITS, ("拾", "佰", "仟", "万"), drops_one=False),
    "ideographLegalTraditional": _count_chinese(
        _LEGAL_DIGITS_TRADITIONAL, ("拾", "佰", "仟", "萬"), drops_one=False
    ),
    "ideographTraditional": _cycle(_STEMS),
    "ideographZodiac": _cycle(_BRANCHES),
    "ideographZodiacTraditional": lambda number: _STEMS[(number - 1) % 10] + _BRANCHES[(number - 1) % 12],
    "aiueo": _cycle(_KANA),
    "aiueoFullWidth": _cycle(_KANA),
    "iroha": _cycle(_IROHA),
    "irohaFullWidth": _cycle(_IROHA),
    "ganada": _cycle(_GANADA),
    "chosung": _cycle(_HANGUL),
    "thaiNumbers": _write_digits("๐๑๒๓๔๕๖๗๘๙"),
    "hindiNumbers": _write_digits("०१२३४५६७८९"),
}
