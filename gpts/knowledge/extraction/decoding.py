"""Decoding a text file in chunks; the charset is detected once, from the beginning. Pure."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

from gpts.knowledge.extraction.types import Readable, UnreadableError

CHUNK_BYTES = 256 * 1024
SAMPLE_BYTES = 512 * 1024
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
_LETTERS = re.compile(r"[^\x00-\x7f]")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def detect_charset(sample: bytes) -> str:
    """Return the charset by the beginning of a text: byte order mark, UTF-8, Japanese, GB 18030, or a guess.

    UnreadableError: binary (NUL bytes), encoding (nothing fits).
    """
    if sample[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if b"\x00" in sample:
        raise UnreadableError("binary")
    if _is_valid(sample, "utf-8-sig"):
        return "utf-8-sig"
    for charset in ("shift_jis", "euc_jp"):
        if _is_japanese(sample, charset):
            return charset
    if _is_chinese(sample):
        return "gb18030"
    return _guess_charset(sample)


def _guess_charset(sample: bytes) -> str:
    # charset_normalizer is unreliable on short Western texts, so it is first asked only for other alphabets.
    high = sum(byte >= 0x80 for byte in sample[:65536])
    if high * 4 > len(sample[:65536]):
        best = from_bytes(sample[:65536]).best()
        if best is not None and _is_valid(sample, best.encoding):
            return best.encoding
    if _is_valid(sample, "cp1252"):
        return "cp1252"
    best = from_bytes(sample[:65536]).best()
    if best is None or not _is_valid(sample, best.encoding):
        raise UnreadableError("encoding")
    return best.encoding


def _is_valid(sample: bytes, charset: str) -> bool:
    try:
        codecs.getincrementaldecoder(charset)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _is_japanese(sample: bytes, charset: str) -> bool:
    """Japanese text also decodes as GB 18030, but only Japanese has a fifth of its letters from kana."""
    try:
        text = codecs.getincrementaldecoder(charset)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return len(_KANA.findall(text)) * 5 >= max(len(_LETTERS.findall(text)), 1)


def _is_chinese(sample: bytes) -> bool:
    """Western text also decodes as GB 18030, but gives single Chinese characters between Latin letters."""
    try:
        text = codecs.getincrementaldecoder("gb18030")("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    chinese = len(_CHINESE.findall(text))
    isolated = len(re.findall(r"[A-Za-z][\u3400-\u9fff]|[\u3400-\u9fff][a-z]", text))
    return chinese * 4 >= len(_LETTERS.findall(text)) * 3 and isolated * 2 < chinese


def decode(file: Readable) -> Iterator[str]:
    """Yield the text of ``file`` in chunks, with ``\\n`` as line end and without control characters.

    Bytes that are invalid in the charset (in files joined from several charsets) become U+FFFD;
    UnreadableError (encoding) for over 100 that are over a tenth of all characters.
    """
    sample = file.read(SAMPLE_BYTES)
    decoder = codecs.getincrementaldecoder(detect_charset(sample))("replace")
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
        if b"\x00" in data and decoder.__class__.__module__ != "encodings.utf_16":
            raise UnreadableError("binary")
    yield clean(held + decoder.decode(b"", True))


def iter_lines(file: Readable, limit: int) -> Iterator[str]:
    """Yield the lines of a text without line ends; lines over ``limit`` characters come in parts."""
    held = ""
    for text in decode(file):
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
