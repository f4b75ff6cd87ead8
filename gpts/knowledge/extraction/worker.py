"""The child process that reads one file: ``python -m gpts.knowledge.extraction.worker PATH TYPE LIMITS``.

It sets its limits before it opens the file, and cannot open connections or start programs. It writes JSON
lines: {"p": progress} | {"h": heading, "n": page, "w": rows, "t": [paragraphs]} | {"r": [remarks]} |
{"e": error code} | {"ok": 1} | {"s": scanned page, "h": heading, "i": picture (PGM, compressed, base64)}.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from core.limited_process import forbid_connections_and_programs, free_reserved_memory, limit_memory_and_time
from gpts.knowledge.extraction.kinds import PDF, READERS
from gpts.knowledge.extraction.sniffing import HEAD_BYTES, check_head, get_actual_type
from gpts.knowledge.extraction.types import HEADING_LENGTH, PARAGRAPH_LIMIT, Limits, Source, UnreadableError

NICENESS = 5
# Progress is written when it grew by this share.
STEP = 0.01


def main(path: str, media_type: str, limits_json: str) -> int:
    limits = Limits(**json.loads(limits_json))
    # Pages and answers come first.
    limit_memory_and_time(memory_bytes=limits.memory_bytes, cpu_seconds=limits.seconds, niceness=NICENESS)
    with Path(path).open("rb") as file:
        media_type = get_actual_type(media_type, file.read(HEAD_BYTES))
    module, function = READERS[media_type]
    reader = getattr(import_module(f"gpts.knowledge.extraction.{module}"), function)
    forbid_connections_and_programs()
    try:
        scans = _ScanWriter(limits.recognised_pages)
        source = Source(
            Path(path),
            media_type,
            limits,
            _ProgressWriter(),
            recognise=scans if limits.recognised_pages else None,
        )
        _read(reader, source, scans)
    except UnreadableError as problem:
        _write_message({"e": problem.code})
    except (MemoryError, RecursionError):
        free_reserved_memory(limits.memory_bytes)
        _write_message({"e": "too_complex"})
    return 0


def _read(reader: Any, source: Source, scans: _ScanWriter) -> None:
    with source.path.open("rb") as file:
        check_head(source.media_type, file.read(HEAD_BYTES))
    characters = 0
    for section in reader(source):
        texts = [text for text in section.paragraphs if text.strip()]
        if not texts:
            continue
        characters += sum(map(len, texts))
        if characters > source.limits.characters:
            raise UnreadableError("too_much_text")
        head: dict[str, Any] = {"h": section.heading[:HEADING_LENGTH], "n": section.page}
        if section.rows is not None:
            head["w"] = section.rows
        if sum(map(len, texts)) <= PARAGRAPH_LIMIT:
            _write_message({**head, "t": texts})
            continue
        for text in texts:
            for start in range(0, len(text), PARAGRAPH_LIMIT):
                _write_message({**head, "t": [text[start : start + PARAGRAPH_LIMIT]]})
    # What is recognised on scans is counted by the parent.
    if not characters and not scans.written:
        raise UnreadableError("no_text" if source.media_type == PDF else "empty")
    _write_message({"r": [remark.as_json() for remark in source.remarks]})
    _write_message({"ok": 1})


class _ProgressWriter:
    def __init__(self) -> None:
        self.written = 0.0

    def __call__(self, share: float) -> None:
        if share - self.written >= STEP:
            self.written = share
            _write_message({"p": round(share, 3)})
            sys.stdout.flush()


class _ScanWriter:
    """Writes pages without text for the parent, with a picture for the first ``limit`` of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.written = 0

    def __call__(self, number: int, heading: str, render: Callable[[], bytes]) -> None:
        picture = ""
        if self.written < self.limit:
            # Scans compress well even so; the parent reads lines of limited length.
            picture = b64encode(zlib.compress(render(), 1)).decode()
        self.written += 1
        _write_message({"s": number, "h": heading, "i": picture})
        sys.stdout.flush()


def _write_message(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=True))
    sys.stdout.write("\n")


if __name__ == "__main__":
    code = main(*sys.argv[1:4])
    sys.stdout.flush()
    # Skips cleanup, which may hang when memory ran out.
    os._exit(code)
