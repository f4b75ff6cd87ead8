"""Rich Text Format, by its specification 1.9: headings by style, a paragraph for each table row."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gpts.knowledge.extraction.charsets.choosing import is_known_charset
from gpts.knowledge.extraction.charsets.decoding import clean
from gpts.knowledge.extraction.outline import HEADING_STYLE, Outline
from gpts.knowledge.extraction.types import PARAGRAPH_LIMIT, Section, Source, UnreadableError
from gpts.knowledge.extraction.word.number_fields import NumberFields

# Groups inside each other; Word itself nests a few dozen.
DEPTH = 2_000
# Characters of the code of a field that are looked at.
FIELD_CODE = 200
# Unpacked bytes of a compressed body (in Outlook messages) for each packed byte, at most.
_RATIO = 200
_TOKEN = re.compile(
    r"\\(?:(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})?[ ]?"
    r"|'(?P<hex>[0-9a-fA-F]{2})|(?P<sign>[^a-zA-Z]))"
    r"|(?P<brace>[{}])|[\r\n]+|(?P<text>[^\\{}\r\n]{1,4096})|\\",
    re.DOTALL,
)
# Groups that are no text of the document.
_SILENT = frozenset({
    "colortbl", "info", "pict", "object", "themedata", "colorschememapping", "datastore", "xmlnstbl",
    "listtable",
    "listoverridetable", "rsidtbl", "generator", "fldinst", "nonshppict", "bkmkstart", "bkmkend", "revtbl",
    "latentstyles",
    "private", "userprops", "docvar", "filetbl", "mmathPr", "pgptbl", "xe", "tc", "txe", "atrfstart",
    "atrfend", "atnref",
    "atndate", "atnicn", "atnid", "atnauthor", "annotation", "shpinst_", "objdata", "fontemb", "falt",
    "panose", "ftnsep", "ftnsepc",
    "aftnsep", "aftnsepc", "header", "footer", "headerl", "headerr", "headerf", "footerl", "footerr",
    "footerf", "wgrffmtfilter",
    "blipuid", "factoidname", "passwordhash", "formfield", "sp", "template", "operator", "protusertbl",
    "htmltag",
})  # fmt: skip
# Marked as unknown to old programs ("\*"), but text all the same.
_TEXT_GROUPS = frozenset({"shptxt", "footnote", "listtext", "fldrslt", "shprslt", "shpinst", "txbxcontent"})
_WORDS = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "emspace": " ", "enspace": " ", "qmspace": " ", "cell": " · ",
    "nestcell": " · ",
}  # fmt: skip
_SIGNS = {"~": "\u00a0", "_": "-", "-": "", "\n": "\n", "\r": "\n"}
_PARAGRAPH_ENDS = frozenset({"par", "sect", "page", "row", "nestrow", "softpage", "footnote"})
# Charsets of fonts by their numbers.
_FONT_CHARSETS = {
    77: "mac-roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5hkscs",
    161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp437",
}  # fmt: skip
_CODE_PAGES = {
    932: "cp932",
    936: "gb18030",
    949: "cp949",
    950: "big5hkscs",
    10000: "mac-roman",
    65001: "utf-8",
}
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_HALF = re.compile("[\ud800-\udfff]")


def read(source: Source) -> Iterator[Section]:
    data = source.path.read_bytes()
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        raise UnreadableError("malformed")
    yield from parse_rtf(data, source)


def parse_rtf(data: bytes, source: Source | None = None) -> Iterator[Section]:
    yield from _Reader(data.decode("latin-1"), source).read()


@dataclass(frozen=True, slots=True)
class _State:
    """What a group inherits. ``kind``: the table of fonts or styles around it; ``skip``: see \\uc."""

    is_silent: bool = False
    kind: str = ""
    charset: str = ""
    skip: int = 1
    is_hidden: bool = False
    is_instruction: bool = False


@dataclass
class _OpenField:
    """A field whose group has ``depth`` groups around it; its result begins in the held text at ``begin``."""

    depth: int
    begin: int
    instruction: str = ""


class _Reader:
    def __init__(self, text: str, source: Source | None) -> None:
        self._text = text
        self._source = source
        self._outline = Outline()
        self._states = [_State()]
        self._charset = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._levels: dict[int, int] = {}
        self._style = 0
        self._style_name: list[str] = []
        self._level = 0
        self._held: list[str] = []
        self._bytes = bytearray()
        self._size = 0
        self._to_skip = 0
        self._numbers = NumberFields()
        self._fields: list[_OpenField] = []
        self._paragraph = 0

    def read(self) -> Iterator[Section]:
        at, is_star = 0, False
        steps = 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at)
            if match is None:
                break
            at = match.end()
            steps += 1
            if self._source is not None and not steps % 50_000:
                self._source.report(at / len(self._text))
            kind = match.lastgroup
            if kind == "brace":
                self._to_skip = 0
                self._flush_bytes()
                if match[0] == "{":
                    if len(self._states) > DEPTH:
                        raise UnreadableError("too_complex")
                    self._states.append(self._states[-1])
                elif len(self._states) > 1:
                    self._end_group()
                is_star = False
            elif kind == "sign" and match[0] == "\\*":
                is_star = True
            elif kind in ("word", "number"):
                word, number = match["word"], int(match["number"]) if match["number"] else None
                if word == "bin":
                    at += max(number or 0, 0)
                    continue
                if is_star and word not in _TEXT_GROUPS and word not in ("fonttbl", "stylesheet"):
                    self._set(is_silent=True)
                is_star = False
                yield from self._obey(word, number)
            elif kind is not None:
                self._add(match, kind)
        yield from self._end_paragraph()
        yield from self._outline.end()

    def _set(self, **changes: object) -> None:
        self._states[-1] = replace(self._states[-1], **changes)  # type: ignore[arg-type]  # fields of _State

    def _end_group(self) -> None:
        state = self._states.pop()
        if state.kind == "style" and self._states[-1].kind != "style":
            self._add_style()
        if self._fields and len(self._states) < self._fields[-1].depth:
            self._end_field(self._fields.pop())

    def _end_field(self, field: _OpenField) -> None:
        """Write the number of a field that Word numbers itself, unless the file has its result."""
        stored = "".join(self._held[field.begin :])
        number = self._numbers.count(
            field.instruction, paragraph=self._paragraph, heading=self._level, result=stored[:100]
        )
        if number and not stored.strip():
            self._append(number)

    def _add(self, match: re.Match[str], kind: str) -> None:
        """Add a character in the current charset, or those of a run of text."""
        state = self._states[-1]
        if kind == "hex":
            data = bytes([int(match["hex"], 16)])
        elif kind == "sign":
            self._flush_bytes()
            self._append(_SIGNS.get(match["sign"], match["sign"]))
            return
        else:
            data = match[0].encode("latin-1", "replace")
        if self._to_skip:
            cut = min(self._to_skip, len(data))
            self._to_skip -= cut
            data = data[cut:]
        if state.is_instruction and self._fields and len(self._fields[-1].instruction) < FIELD_CODE:
            self._fields[-1].instruction += data.decode("latin-1")
        if not state.is_silent and not state.is_hidden:
            self._bytes += data

    def _obey(self, word: str, number: int | None) -> Iterator[Section]:
        state = self._states[-1]
        if word == "u" and number is not None:
            self._flush_bytes()
            if not state.is_hidden:
                self._append(_read_unicode(number))
            self._to_skip = state.skip
            return
        self._to_skip = 0
        if word in ("f", "af", "dbch", "loch", "hich", "fcharset", "ansicpg", "uc", "mac", "pca", "pc"):
            self._flush_bytes()
            self._choose_charset(word, number)
        elif word in _SILENT:
            self._flush_bytes()
            self._set(is_silent=True, is_instruction=word == "fldinst" and bool(self._fields))
        elif word == "fonttbl":
            self._set(kind="font")
        elif word == "stylesheet":
            self._set(kind="styles")
        elif word in ("v", "deleted"):
            self._flush_bytes()
            self._set(is_hidden=number != 0)
        elif word == "plain":
            self._flush_bytes()
            self._set(is_hidden=False)
        elif state.is_silent:
            return
        elif word in ("s", "outlinelevel", "pard"):
            self._choose_level(word, number or 0)
        elif state.kind:
            return
        elif word == "field" and len(self._fields) < DEPTH:
            self._flush_bytes()
            self._fields.append(_OpenField(len(self._states), len(self._held)))
        elif word == "fldrslt" and self._fields:
            self._flush_bytes()
            self._fields[-1].begin = len(self._held)
        elif word in _PARAGRAPH_ENDS:
            yield from self._end_paragraph()
        elif word in _WORDS:
            self._flush_bytes()
            self._append(_WORDS[word])
        if self._size > PARAGRAPH_LIMIT:
            yield from self._end_paragraph()

    def _choose_charset(self, word: str, number: int | None) -> None:
        state = self._states[-1]
        if word == "f" and number is not None:
            if state.kind == "font":
                self._font = number
            else:
                self._set(charset=self._fonts.get(number, ""))
        elif word == "fcharset" and number is not None and state.kind == "font":
            self._fonts[self._font] = _FONT_CHARSETS.get(number, "")
        elif word == "ansicpg" and number is not None:
            name = _CODE_PAGES.get(number, f"cp{number}")
            self._charset = name if is_known_charset(name) else self._charset
        elif word == "uc":
            self._set(skip=max(0, min(number or 0, 100)))
        elif word in ("mac", "pc", "pca"):
            self._charset = {"mac": "mac-roman", "pc": "cp437", "pca": "cp850"}[word]

    def _choose_level(self, word: str, number: int) -> None:
        kind = self._states[-1].kind
        if kind in ("styles", "style"):
            if word == "s":
                self._set(kind="style")
                self._style = number
            elif word == "outlinelevel" and number < 9:
                self._levels.setdefault(self._style, number + 1)
            return
        if word == "pard":
            self._level = 0
        elif word == "s":
            self._level = self._levels.get(number, 0)
        elif number < 9:
            self._level = number + 1

    def _add_style(self) -> None:
        name = "".join(self._style_name).strip().rstrip(";")
        self._style_name = []
        match = HEADING_STYLE.match(name)
        if match is not None:
            self._levels[self._style] = int(match[1])
        elif name.lower() == "title":
            self._levels.setdefault(self._style, 1)

    def _flush_bytes(self) -> None:
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            self._append(data.decode(self._states[-1].charset or self._charset, "replace"))

    def _append(self, text: str) -> None:
        state = self._states[-1]
        if state.is_silent or state.kind in ("font", "styles") or state.is_hidden:
            return
        if state.kind == "style":
            if len(self._style_name) < 100:
                self._style_name.append(text)
            return
        self._held.append(text)
        self._size += len(text)

    def _end_paragraph(self) -> Iterator[Section]:
        self._flush_bytes()
        text = "".join(self._held)
        self._held, self._size = [], 0
        self._paragraph += 1
        text = _SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
        text = clean(_HALF.sub("\ufffd", text)).strip().removesuffix("·").rstrip()
        if not text:
            return
        if self._level and len(text) < 500:
            yield from self._outline.open(self._level, text)
        else:
            yield self._outline.add(text)


def _read_unicode(number: int) -> str:
    code = number & 0xFFFF if number < 0x10000 else number
    if 0xF000 <= code <= 0xF0FF:
        # A bullet or other sign of a symbol font.
        return "•" if code == 0xF0B7 else " "
    return chr(code) if code < 0x110000 else "\ufffd"


# What the packer of [MS-OXRTFCP] has "seen" before the first byte.
_BEGINNING = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def decompress(data: bytes) -> bytes:
    """Return the RTF of a body packed as in Outlook messages; UnreadableError (malformed)."""
    if len(data) < 16:
        raise UnreadableError("malformed")
    _size, raw_size, magic = struct.unpack_from("<II4s", data)
    if magic == b"MELA":
        return data[16 : 16 + raw_size]
    if magic != b"LZFu" or raw_size > len(data) * _RATIO:
        raise UnreadableError("malformed")
    window = bytearray(_BEGINNING.ljust(4096, b"\x00"))
    out = bytearray()
    position, at = len(_BEGINNING), 16
    while at < len(data) and len(out) < raw_size:
        flags, at = data[at], at + 1
        for bit in range(8):
            if at >= len(data) or len(out) >= raw_size:
                break
            if not flags >> bit & 1:
                out.append(data[at])
                window[position] = data[at]
                position, at = (position + 1) % 4096, at + 1
                continue
            if at + 1 >= len(data):
                return bytes(out)
            reference, at = data[at] << 8 | data[at + 1], at + 2
            offset, length = reference >> 4, (reference & 15) + 2
            if offset == position:
                return bytes(out)
            for step in range(length):
                byte = window[(offset + step) % 4096]
                out.append(byte)
                window[position] = byte
                position = (position + 1) % 4096
    return bytes(out)
