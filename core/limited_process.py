"""Limits of child processes that handle hostile data: memory, time, files, network, programs. Pure."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# No secrets, and nothing that could load other code.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
# Memory above the limit, for reporting that the limit is reached.
RESERVED_BYTES = 32 * 1024 * 1024
# Audit events (sys.addaudithook) that Python raises before it connects, listens or starts a program.
_FORBIDDEN = frozenset({
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system",
    "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "ctypes.dlopen",
})  # fmt: skip


def build_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours with this interpreter."""
    return [sys.executable, "-B", "-X", "utf8", "-m", module, *arguments]


def limit_memory_and_time(*, memory_bytes: int, cpu_seconds: int | None = None, niceness: int = 0) -> None:
    """Limit this process for good, its CPU time only with ``cpu_seconds``. It can write no file."""
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes + RESERVED_BYTES))
    if cpu_seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def free_reserved_memory(memory_bytes: int) -> None:
    """Raise the limit a little after a MemoryError, so that the process can say so."""
    whole = memory_bytes + RESERVED_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (whole, whole))


def forbid_connections_and_programs() -> None:
    """Refuse connections and child processes from now on. Call it when everything is imported."""
    sys.addaudithook(_block_event)


def _block_event(event: str, _arguments: Any) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(event)
