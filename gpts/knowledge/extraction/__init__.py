"""Extraction of text from uploaded files, as sections under headings. Uses no database and no settings.

Each format has a module. Files are read in a child process with limits, as they may be hostile: ``process``
starts ``worker`` and yields its sections.
"""

from __future__ import annotations

from gpts.knowledge.extraction.kinds import MEDIA_TYPES, list_accepted, list_labels
from gpts.knowledge.extraction.process import CrashedError, extract, iter_sections, read_file
from gpts.knowledge.extraction.remarks import Remark, RemarkCode, parse_remarks
from gpts.knowledge.extraction.sniffing import HEAD_BYTES, check_head, get_media_type
from gpts.knowledge.extraction.types import Limits, Section, TooSlowError, UnreadableError

__all__ = [
    "HEAD_BYTES",
    "MEDIA_TYPES",
    "CrashedError",
    "Limits",
    "Remark",
    "RemarkCode",
    "Section",
    "TooSlowError",
    "UnreadableError",
    "check_head",
    "extract",
    "get_media_type",
    "iter_sections",
    "list_accepted",
    "list_labels",
    "parse_remarks",
    "read_file",
]
