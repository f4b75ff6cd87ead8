"""Decoding a text file in chunks; the charset is chosen once, from the beginning. Pure.

In this order: byte order mark, escape sequences, valid UTF-8, what the file declares about itself, UTF-8
with few
foreign bytes, UTF-16 and UTF-32 without a mark, and what the bytes look like.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpts.knowledge.extraction.charsets.choosing import find_declared, find_escapes, is_valid
from gpts.knowledge.extraction.charsets.detection import detect_by_frequency
from gpts.knowledge.extraction.charsets.unicode_marks import WIDE, find_mark, guess_wide_charset
from gpts.knowledge.extraction.remarks import RemarkCode
from gpts.knowledge.extraction.types import Readable, Source, UnreadableError

CHUNK_BYTES = 256 * 1024
SAMPLE_BYTES = 512 * 1024
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
# Of the characters of a declared charset that may be lost before the declaration is not believed.
_DECLARED_LOSS = 0.02
# Well-formed UTF-8 sequences for each foreign byte, from which a text is UTF-8 with damage.
_SEQUENCES_FOR_FOREIGN = 4
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_LONG_SEQUENCE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH = re.compile(rb"[\x80-\xff]")
# UTF-8 read as Latin-1: "Ã©" for "é".
_MOJIBAKE = re.compile(rb"[\xc2\xc3][\x80-\xbf]")
_EAST_ASIAN = frozenset({"gb18030", "big5hkscs", "cp949", "cp932", "euc_jp", "johab", "cp950"})
_MARKUP = frozenset({"text/html", "application/epub+zip"})
_CODE = frozenset({"text/x-code", "text/x-tex", "text/x-org", "text/x-rst"})


@dataclass(frozen=True)
class Charset:
    """``is_guess``: by what the bytes look like alone, so it may be wrong."""

    name: str
    is_guess: bool = False


def detect_charset(sample: bytes, media_type: str = "text/plain") -> Charset:
    """Choose the charset by the beginning of a text; the media type says how files of its kind declare it.

    UnreadableError: binary (NUL bytes), encoding (nothing fits).
    """
    known = find_mark(sample) or find_escapes(sample)
    if known:
        return Charset(known)
    is_utf8 = is_valid(sample, "utf-8") and b"\x00" not in sample
    if is_utf8 and not _HIGH.search(sample):
        return Charset("utf-8")
    declared = find_declared(sample, is_markup=media_type in _MARKUP, is_code=media_type in _CODE)
    if is_utf8 and not _may_be(declared, sample):
        return Charset("utf-8")
    if declared and b"\x00" not in sample and _fits(sample, declared):
        return Charset(declared)
    if is_utf8:
        return Charset("utf-8")
    wide = guess_wide_charset(sample)
    if wide:
        return Charset(wide)
    if b"\x00" in sample:
        raise UnreadableError("binary")
    if _is_damaged_utf8(sample):
        return Charset("utf-8")
    guessed = detect_by_frequency(sample)
    if not guessed:
        raise UnreadableError("encoding")
    return Charset(guessed, is_guess=True)


def _may_be(declared: str, sample: bytes) -> bool:
    """Whether bytes that are valid UTF-8 are rather in the declared East Asian charset: a short text."""
    return declared in _EAST_ASIAN and not _LONG_SEQUENCE.search(sample) and not _MOJIBAKE.search(sample)


def _fits(sample: bytes, charset: str) -> bool:
    text = codecs.getincrementaldecoder(charset)("replace").decode(sample)
    return text.count("\ufffd") <= max(2, len(text) * _DECLARED_LOSS)


def _is_damaged_utf8(sample: bytes) -> bool:
    sequences = _SEQUENCE.findall(sample)
    # The end of a sample may cut a sequence.
    whole = sample[:-3] if len(sample) >= SAMPLE_BYTES else sample
    foreign = len(_HIGH.findall(whole)) - sum(map(len, sequences))
    return len(sequences) >= max(foreign, 1) * _SEQUENCES_FOR_FOREIGN


def decode(file: Readable, source: Source | None = None) -> Iterator[str]:
    """Yield the text of ``file`` in chunks, with ``\\n`` as line end and without control characters.

    Bytes that are invalid in the charset (in files joined from several charsets) become U+FFFD, which
    ``source`` gets as a remark; UnreadableError (encoding) for over 100 that are over a tenth of all
    characters.
    """
    sample = file.read(SAMPLE_BYTES)
    charset = detect_charset(sample, "text/plain" if source is None else source.media_type)
    decoder = codecs.getincrementaldecoder(charset.name)("replace")
    is_wide = charset.name in WIDE
    characters = lost = 0
    held = ""
    data = sample
    while data:
        text = held + decoder.decode(data)
        # A carriage return at the end of a chunk may be half of a line end.
        held = "\r" if text.endswith("\r") else ""
        text = clean(text[:-1] if held else text)
        characters += len(text)
        lost += text.count("\ufffd")
        if "\x00" in text or (lost > 100 and lost * 10 > characters):
            raise UnreadableError("encoding")
        yield text
        data = file.read(CHUNK_BYTES)
        if not is_wide and b"\x00" in data:
            raise UnreadableError("binary")
    last = clean(held + decoder.decode(b"", True))
    _add_remarks(source, charset, lost + last.count("\ufffd") - sample.count(b"\xef\xbf\xbd"))
    yield last


def decode_bytes(data: bytes, declared: str = "", media_type: str = "text/plain") -> str:
    """Return a text in memory, such as a part of an e-mail. ``declared`` is its charset, by Python's name.

    What cannot be read becomes U+FFFD.
    """
    charset = declared if declared and declared != "utf-8" and _fits(data[:SAMPLE_BYTES], declared) else ""
    if not charset:
        try:
            charset = detect_charset(data[:SAMPLE_BYTES], media_type).name
        except UnreadableError:
            charset = "utf-8"
    return clean(data.decode(charset, "replace"))


def _add_remarks(source: Source | None, charset: Charset, lost: int) -> None:
    if source is None:
        return
    if lost > 0:
        source.remarks.add(RemarkCode.CHARACTERS_REPLACED, count=lost)
    if charset.is_guess:
        source.remarks.add(RemarkCode.CHARSET_GUESSED, name=charset.name)


def iter_lines(file: Readable, limit: int, source: Source | None = None) -> Iterator[str]:
    """Yield the lines of a text without line ends; lines over ``limit`` characters come in parts."""
    held = ""
    for text in decode(file, source):
        parts = (held + text).split("\n")
        held = parts.pop()
        yield from parts
        while len(held) > limit:
            yield held[:limit]
            held = held[limit:]
    if held:
        yield held


def clean(text: str) -> str:
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
