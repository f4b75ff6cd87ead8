"""The two sets of namespaces of Open XML as one. Pure."""

from __future__ import annotations

import re

from gpts.knowledge.extraction.types import Readable

# "Strict" documents have namespaces of their own (ISO/IEC 29500-1), which differ only in this.
_STRICT = re.compile(rb"""(=["'])http://purl\.oclc\.org/ooxml/([A-Za-z]{1,40})/([A-Za-z]{1,40})""")
# Longer than any strict namespace.
_HELD_BYTES = 160


class TransitionalFile:
    """A part whose strict namespaces are replaced by the transitional ones while it is read."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        text = self._held + data
        # What follows may be half of a namespace.
        cut = len(text) - _HELD_BYTES if data else len(text)
        for match in _STRICT.finditer(text, max(cut - _HELD_BYTES, 0)):
            if match.start() < cut < match.end():
                cut = match.start()
        cut = max(cut, 0)
        self._held = text[cut:]
        ready = _STRICT.sub(rb"\1http://schemas.openxmlformats.org/\2/2006/\3", text[:cut])
        # Nothing would mean the end.
        return ready if ready or not data else self.read(size)
