"""Text recognition (OCR) of scanned pages by Tesseract, where the machine has it. Uses no settings.

The engine gets a picture that our own child process rendered, never a file of somebody, and runs with limits
on memory and CPU time. It cannot write a file.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.limited_process import ENVIRONMENT, ROOT, build_command
from gpts.knowledge.extraction.charsets.decoding import clean
from gpts.knowledge.extraction.pdf.printed_lines import (
    Vocabulary,
    close_wide_text,
    join_divided_words,
    join_lines,
)

# Of one page: CPU seconds, memory, and characters that are taken over.
PAGE_SECONDS = 60
MEMORY_BYTES = 1024 * 1024 * 1024
PAGE_CHARACTERS = 100_000
# After this silence ``wait`` is called, so that callers can write a heartbeat.
QUIET_SECONDS = 5.0
_DIVIDED = re.compile(r"(?<=[^\W\d_])[-\u2010]\n(?=[^\W\d_])")


@dataclass(frozen=True)
class Engine:
    """``program`` is a path, ``languages`` as Tesseract takes them ("eng+chi_sim").

    ``data_folder`` is where its language data are; empty for its own place. At most ``pages`` pages of a file
    are recognised, and no further one after ``seconds`` of them.
    """

    program: str
    languages: str
    pages: int
    seconds: int
    data_folder: str = ""


def list_languages(program: str, data_folder: str = "") -> list[str]:
    """Return the languages that are installed; none when the program cannot be asked."""
    try:
        answer = subprocess.run(
            [program, "--list-langs"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_build_environment(data_folder),
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    # The first line is a title with the folder.
    return [
        line.strip() for line in answer.stdout.decode("utf-8", "replace").splitlines()[1:] if line.strip()
    ]


def recognise_page(engine: Engine, picture: bytes, *, wait: Callable[[], None]) -> Iterator[str]:
    """Yield the paragraphs that the engine reads from a picture (PGM); none when it fails or is too slow."""
    child = subprocess.Popen(
        build_command(
            "core.limited_program",
            str(MEMORY_BYTES),
            str(PAGE_SECONDS),
            engine.program,
            "stdin",
            "stdout",
            "-l",
            engine.languages,
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=_build_environment(engine.data_folder),
        close_fds=True,
        start_new_session=True,
    )
    try:
        text = _communicate(child, picture, wait)
    finally:
        child.kill()
        child.wait()
    if child.returncode == 0 and text.strip():
        yield from join_lines(close_wide_text(clean(_join_words(text))))


def _join_words(text: str) -> str:
    marked = _DIVIDED.sub("\x02\n", text)
    vocabulary = Vocabulary()
    vocabulary.add(marked)
    return join_divided_words(marked, vocabulary)


def _communicate(child: subprocess.Popen[bytes], picture: bytes, wait: Callable[[], None]) -> str:
    sent: bytes | None = picture
    for _turn in range(int(PAGE_SECONDS * 2 / QUIET_SECONDS)):
        try:
            output, _errors = child.communicate(sent, timeout=QUIET_SECONDS)
        except subprocess.TimeoutExpired:
            # It goes on sending what is left.
            sent = None
            wait()
        else:
            return output[: PAGE_CHARACTERS * 4].decode("utf-8", "replace")[:PAGE_CHARACTERS]
    return ""


def _build_environment(data_folder: str) -> dict[str, str]:
    # One thread: other files are read beside it.
    environment = {**ENVIRONMENT, "OMP_THREAD_LIMIT": "1"}
    return {**environment, "TESSDATA_PREFIX": data_folder} if data_folder else environment
