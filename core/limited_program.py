"""Runs a program of the machine within limits.

``python -m core.limited_program MEMORY SECONDS PROGRAM [ARGUMENT …]``: this process sets the limits for
itself, in bytes and seconds of CPU, and becomes the program. It can write no file.
"""

from __future__ import annotations

import os
import sys

from core.limited_process import limit_memory_and_time

NICENESS = 5


def main(memory_bytes: str, cpu_seconds: str, program: str, *arguments: str) -> None:
    limit_memory_and_time(memory_bytes=int(memory_bytes), cpu_seconds=int(cpu_seconds), niceness=NICENESS)
    os.execv(program, [program, *arguments])  # noqa: S606  # a path that the caller found, and no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
