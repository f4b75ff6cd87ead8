"""From an uploaded file to headed sections of text. Knows no database and no settings.

Each format has a file of its own. Whatever an outsider gave is read in a child process with limits:
``process`` starts ``worker`` and takes the sections as they come.
"""

from __future__ import annotations

from gpts.knowledge.extraction.process import CrashedError, extract, iter_sections, read_file
from gpts.knowledge.extraction.sniffing import HEAD_BYTES, MEDIA_TYPES, check_head, get_media_type
from gpts.knowledge.extraction.types import Limits, Section, UnreadableError

__all__ = [
    "HEAD_BYTES",
    "MEDIA_TYPES",
    "CrashedError",
    "Limits",
    "Section",
    "UnreadableError",
    "check_head",
    "extract",
    "get_media_type",
    "iter_sections",
    "read_file",
]
