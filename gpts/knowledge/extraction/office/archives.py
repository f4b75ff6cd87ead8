"""Zip-based formats, with limits on both the declared and the actual unpacked size."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from lxml import etree

from gpts.knowledge.extraction.office.transitional import TransitionalFile
from gpts.knowledge.extraction.sniffing import TEST_VIRUS, TEST_VIRUS_BYTES
from gpts.knowledge.extraction.types import Limits, Readable, Source, UnreadableError

# The expansion ratio is checked from this unpacked size on: small files may compress very well.
RATIO_FREE_BYTES = 10_000_000
_ENCRYPTED_MEMBERS = ("EncryptedPackage", "EncryptionInfo")
# Where Office files contain macros: VBA, and the macro sheets of old Excel.
_MACRO = re.compile(r"(?:^|/)(?:vbaproject\.bin$|macrosheets/)", re.IGNORECASE)


class Archive:
    """A zip file that counts the bytes unpacked from its members; UnreadableError (bomb) over the limits."""

    def __init__(self, source: Source) -> None:
        self.limits: Limits = source.limits
        self.size = source.size
        self.unpacked = 0
        try:
            self.zip = zipfile.ZipFile(source.path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            raise UnreadableError("malformed") from None
        self._check_declared()

    def _check_declared(self) -> None:
        members = self.zip.infolist()
        declared = sum(member.file_size for member in members)
        if len(members) > self.limits.members or declared > self.limits.expanded_bytes:
            raise UnreadableError("bomb")
        if declared > RATIO_FREE_BYTES and declared > self.size * self.limits.expansion_ratio:
            raise UnreadableError("bomb")
        if any(member.flag_bits & 1 for member in members) or any(
            member.filename in _ENCRYPTED_MEMBERS for member in members
        ):
            raise UnreadableError("encrypted")
        self.names = {member.filename for member in members}
        # Some programs write "word\\document.xml".
        self._by_folded_name = {name.replace("\\", "/").casefold(): name for name in self.names}
        if any(_MACRO.search(name) for name in self.names):
            raise UnreadableError("macros")
        self._check_malware(members)

    def _check_malware(self, members: list[zipfile.ZipInfo]) -> None:
        for member in members:
            if len(TEST_VIRUS) <= member.file_size <= TEST_VIRUS_BYTES:
                with self.open(member.filename) as file:
                    if file.read(TEST_VIRUS_BYTES).startswith(TEST_VIRUS):
                        raise UnreadableError("malware")

    def find_name(self, name: str) -> str | None:
        """Return the member's name in the archive; part names do not differ by case alone."""
        return name if name in self.names else self._by_folded_name.get(name.casefold())

    @contextmanager
    def open(self, name: str, *, is_second: bool = False) -> Iterator[Readable]:
        """Open one member; UnreadableError (malformed) when it is missing or damaged.

        ``is_second``: its bytes were read and counted already.
        """
        try:
            with self.zip.open(name) as member:
                yield member if is_second else _CountedMember(member, self)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            raise UnreadableError("malformed") from None

    def count_unpacked(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > self.limits.expanded_bytes or (
            self.unpacked > RATIO_FREE_BYTES and self.unpacked > self.size * self.limits.expansion_ratio
        ):
            raise UnreadableError("bomb")

    def iter_elements(
        self, name: str, tags: tuple[str, ...], *, is_second: bool = False
    ) -> Iterator[etree._Element]:
        """Yield the complete elements of an XML member one by one; entities, DTDs and the network are off.

        Strict Open XML comes with the namespaces of transitional Open XML. ``is_second``: as for ``open``.
        """
        with self.open(name, is_second=is_second) as file:
            try:
                parsed = etree.iterparse(
                    TransitionalFile(file),
                    events=("end",),
                    tag=tags,
                    resolve_entities=False,
                    no_network=True,
                    load_dtd=False,
                    huge_tree=False,
                )
                for _event, element in parsed:
                    yield element
            except etree.XMLSyntaxError:
                raise UnreadableError("malformed") from None


class _CountedMember:
    """A member of an archive that counts the bytes it unpacks, as declared sizes can be false."""

    def __init__(self, file: Readable, archive: Archive) -> None:
        self._file = file
        self._archive = archive

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size if size >= 0 else 1024 * 1024 * 1024)
        self._archive.count_unpacked(len(data))
        return data


def free_element(element: etree._Element) -> None:
    """Free a handled element and its preceding siblings, so that a long document needs little memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
