"""Reading a file with its reader in this process: for what is read, not for limits, and quicker."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile

from gpts.knowledge.extraction import HEAD_BYTES, Limits, Remark, Section, check_head, get_media_type
from gpts.knowledge.extraction.kinds import READERS
from gpts.knowledge.extraction.sniffing import get_actual_type
from gpts.knowledge.extraction.types import Source


def read_here(name: str, data: bytes) -> tuple[list[tuple[str, str]], list[Remark]]:
    """Return heading and text of each paragraph of a file, and the remarks about it."""
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        media_type = get_actual_type(get_media_type(name), data[:HEAD_BYTES])
        check_head(media_type, data[:HEAD_BYTES])
        source = Source(Path(file.name), media_type, Limits(), lambda _share: None)
        module, function = READERS[media_type]
        read = getattr(import_module(f"gpts.knowledge.extraction.{module}"), function)
        sections: list[Section] = list(read(source))
    return [(section.heading, text) for section in sections for text in section.paragraphs], list(
        source.remarks
    )


def read_lines(data: bytes, name: str) -> list[str]:
    return [text for _heading, text in read_here(name, data)[0]]


def read_remarks(data: bytes, name: str) -> list[Remark]:
    return read_here(name, data)[1]
