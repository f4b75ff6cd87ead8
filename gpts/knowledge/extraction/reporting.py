"""Progress of reading a file, by the bytes read."""

from __future__ import annotations

from typing import IO

from gpts.knowledge.extraction.types import Source


class CountedFile:
    """A file that reports the share of its bytes that was read."""

    def __init__(self, file: IO[bytes], source: Source) -> None:
        self._file = file
        self._source = source
        self._whole = max(source.size, 1)
        self._done = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._done += len(data)
        self._source.report(min(self._done / self._whole, 1.0))
        return data
