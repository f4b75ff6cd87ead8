"""Which charset an old text has: what it declares about itself, or what its bytes look like. Pure."""

from __future__ import annotations

import codecs
import re

# Charsets of files and web pages by Python's names. Other codecs that somebody could name take quadratic time
# (punycode), produce lone surrogates (utf-7, unicode_escape) or are no charsets at all.
CHARSETS = frozenset(
    {
        "ascii", "big5", "big5hkscs", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "hz", "iso2022_jp",
        "iso2022_kr", "johab", "koi8-r", "koi8-u", "mac-cyrillic", "mac-greek", "mac-latin2", "mac-roman",
        "mac-turkish", "shift_jis", "tis-620", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-8",
        *(f"cp{number}" for number in (437, 737, 775, 850, 852, 855, 857, 858, *range(860, 867), 869)),
        *(f"cp{number}" for number in (874, 932, 949, 950, 1125, *range(1250, 1259))),
        *(f"iso8859-{number}" for number in range(1, 17)),
    }
)  # fmt: skip
# Names that pages use and Python does not know, and charsets whose superset browsers read instead
# (encoding.spec.whatwg.org).
_LABELS = {
    "x-sjis": "cp932", "ms_kanji": "cp932", "shift_jis": "cp932", "windows-31j": "cp932",
    "x-ms-cp932": "cp932",
    "x-gbk": "gb18030", "x-euc-jp": "euc_jp", "x-big5": "big5hkscs", "big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949", "ksc5601": "cp949", "windows-949": "cp949", "x-windows-949": "cp949",
    "dos-866": "cp866",
    "dos-874": "cp874", "x-cp1250": "cp1250", "x-cp1251": "cp1251", "x-cp1252": "cp1252",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic", "iso-8859-8-i": "iso8859-8", "logical": "iso8859-8", "koi8": "koi8-r",
    "koi8_r": "koi8-r", "unicode-1-1-utf-8": "utf-8", "utf8": "utf-8", "latin1": "cp1252",
    "latin9": "iso8859-15",
    "ansinew": "cp1252", "applemac": "mac-roman", "utf8x": "utf-8", "windows-874": "cp874",
    "iso-8859-11": "cp874",
    "cp936": "gb18030", "ms936": "gb18030", "csgb2312": "gb18030",
}  # fmt: skip
_SUPERSETS = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "euc_kr": "cp949", "shift_jis": "cp932", "big5": "big5hkscs", "tis-620": "cp874", "iso8859-11": "cp874",
    # In a file that could be searched for the word, it is wrong.
    "utf-16": "utf-8", "utf-16-le": "utf-8", "utf-16-be": "utf-8", "utf-32": "utf-8",
}  # fmt: skip
_ESCAPES = (
    (re.compile(rb"\x1b\$[@B]|\x1b\([JI]|\x1b\$\([DOPQ]"), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
    (re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e])+~\}"), "hz"),
)
# Bytes from the beginning in which a file says its charset.
_DECLARED_WITHIN = 8_192
# Samples of at least so many bytes are the beginning of a longer text.
_CUT_BYTES = 100_000
_XML = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_META = re.compile(rb"<meta\b[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_CSS = re.compile(rb"@charset \"([\w.:-]{1,40})\"", re.IGNORECASE)
_CODING = re.compile(rb"^[^\n]{0,200}?coding[:=][ \t]*([\w.-]{1,40})", re.IGNORECASE)
_TEX = re.compile(
    rb"\\(?:usepackage|RequirePackage)\s*\[([\w-]{1,40})\]\s*\{inputenc\}|\\inputencoding\{([\w-]{1,40})\}"
)
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")


def find_declared(sample: bytes, *, is_markup: bool = False, is_code: bool = False) -> str:
    """Return the charset that a page, style sheet or source file declares, by Python's name, or empty."""
    head = sample[:_DECLARED_WITHIN]
    labels: list[bytes | None] = []
    if is_markup or is_code:
        labels += [_first(_XML.match(head))]
    if is_markup:
        labels += [_first(_META.search(head))]
    if is_code:
        lines = _LINE_BREAK.split(head, 2)[:2]
        labels += [
            _first(_CSS.match(head)),
            *(_first(_CODING.match(line)) for line in lines),
            _first(_TEX.search(head)),
        ]
    return next((charset for label in labels if label and (charset := resolve_label(label.decode()))), "")


def _first(match: re.Match[bytes] | None) -> bytes | None:
    return None if match is None else next(filter(None, match.groups()), None)


def resolve_label(label: str) -> str:
    """Return Python's name of a charset that a file or server names; empty for an unknown or unsafe one."""
    name = label.strip().strip("\"'").lower()
    try:
        name = codecs.lookup(_LABELS.get(name, name)).name
    except (LookupError, ValueError):
        return ""
    return _SUPERSETS.get(name, name) if name in CHARSETS else ""


def is_known_charset(name: str) -> bool:
    return bool(resolve_label(name))


def find_escapes(sample: bytes) -> str:
    """Return the charset of a text that switches by escape sequences; empty for another text."""
    if b"\x1b" not in sample and b"~{" not in sample:
        return ""
    for pattern, charset in _ESCAPES:
        if pattern.search(sample) and is_valid(sample, charset):
            return charset
    return ""


def is_valid(sample: bytes, charset: str) -> bool:
    """Whether all bytes are valid in a charset. The end of a large sample may cut a character."""
    try:
        codecs.getincrementaldecoder(charset)("strict").decode(sample, len(sample) < _CUT_BYTES)
    except UnicodeDecodeError:
        return False
    return True
