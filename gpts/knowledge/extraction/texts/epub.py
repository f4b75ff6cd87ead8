"""E-books: the chapters in reading order; a chapter's number is its page."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote

from gpts.knowledge.extraction.charsets.decoding import decode
from gpts.knowledge.extraction.office.archives import Archive
from gpts.knowledge.extraction.texts.html import parse_sections
from gpts.knowledge.extraction.types import Section, Source, UnreadableError

CONTAINER = "META-INF/container.xml"
_ROOT = "{urn:oasis:names:tc:opendocument:xmlns:container}rootfile"
_OPF = "{http://www.idpf.org/2007/opf}"
_PAGES = ("application/xhtml+xml", "text/html")


def read(source: Source) -> Iterator[Section]:
    archive = Archive(source)
    if "META-INF/encryption.xml" in archive.names and "META-INF/rights.xml" in archive.names:
        raise UnreadableError("encrypted")
    chapters = _list_chapters(archive)
    for number, name in enumerate(chapters, 1):
        with archive.open(name) as file:
            yield from parse_sections(decode(file, source), page=number)
        source.report(number / len(chapters))


def _list_chapters(archive: Archive) -> list[str]:
    package = next((root.get("full-path", "") for root in archive.iter_elements(CONTAINER, (_ROOT,))), "")
    items: dict[str, str] = {}
    order: list[str] = []
    for element in archive.iter_elements(package, (f"{_OPF}item", f"{_OPF}itemref")):
        if element.tag == f"{_OPF}item":
            if element.get("media-type") in _PAGES:
                path = posixpath.join(posixpath.dirname(package), unquote(element.get("href", "")))
                items[element.get("id", "")] = posixpath.normpath(path)
        else:
            order.append(element.get("idref", ""))
    # A book has each chapter once; a hostile one lists it a hundred thousand times.
    return [items[key] for key in dict.fromkeys(order) if items.get(key) in archive.names]
