"""The child process that renders markdown: ``python -m core.render_process``; see ``core.render_pool``.

Requests and responses are JSON after their length (4 bytes, big-endian): {"text", "labels"} and
{"html", "seconds"}. It ends when its input does.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from typing import Any, BinaryIO

from core.limited_process import forbid_connections_and_programs, free_reserved_memory, limit_memory_and_time
from core.markdown_renderer import render_html, render_plain

MEMORY_BYTES = 768 * 1024 * 1024
# What the words of render_html are called.
LABELS = ("copy", "copied", "image", "table", "columns", "comma")
LENGTH = struct.Struct(">I")


def main() -> None:
    limit_memory_and_time(memory_bytes=MEMORY_BYTES)
    # Loads the most used lexers before connections and programs are forbidden, and before somebody waits.
    render_html("```python\nx = 1\n```\n$x$", dict.fromkeys(LABELS, ""))
    forbid_connections_and_programs()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while (request := read_message(source)) is not None:
        began = time.process_time()
        try:
            html = render_html(request["text"], request["labels"])
        except (MemoryError, RecursionError):
            free_reserved_memory(MEMORY_BYTES)
            html = render_plain(request["text"])
        write_message(target, {"html": html, "seconds": time.process_time() - began})


def read_message(source: BinaryIO) -> dict[str, Any] | None:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    message: dict[str, Any] = json.loads(source.read(LENGTH.unpack(head)[0]))
    return message


def write_message(target: BinaryIO, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    target.write(LENGTH.pack(len(body)) + body)
    target.flush()


if __name__ == "__main__":
    main()
