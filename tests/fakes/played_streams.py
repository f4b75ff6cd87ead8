"""Plays the answers in tests/fakes/streams: what model servers send, byte by byte, with all their mistakes.

A file is the body of a stream. `HTTP 200` in its first line makes it an answer as JSON; `<ABORT>` cuts the
connection, `<wait 0.5s>` pauses.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

FOLDER = Path(__file__).with_name("streams")
PREFIX = "play-"
_DIRECTIVE = re.compile(r"<(ABORT|wait ([\d.]+)s)>\n?")


async def play(script: str, writer: asyncio.StreamWriter) -> bool:
    """Send one script, given as text; False if the connection must be cut."""
    if script.startswith("HTTP "):
        head, _, body = script.partition("\n\n")
        data = body.encode("utf-8", "surrogatepass")
        status = head.removeprefix("HTTP ").strip()
        writer.write(
            f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\n"
            f"content-length: {len(data)}\r\n\r\n".encode()
            + data
        )
        await writer.drain()
        return True
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
    at = 0
    for match in _DIRECTIVE.finditer(script):
        _write(writer, script[at : match.start()])
        await writer.drain()
        if match[1] == "ABORT":
            return False
        await asyncio.sleep(float(match[2]))
        at = match.end()
    _write(writer, script[at:])
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def load(behaviour: str) -> str | None:
    """Return the script of a behaviour such as "play-finish_length"; None for other behaviours."""
    if not behaviour.startswith(PREFIX):
        return None
    return (FOLDER / f"{behaviour.removeprefix(PREFIX)}.txt").read_text("utf-8")


def _write(writer: asyncio.StreamWriter, text: str) -> None:
    data = text.encode()
    if data:
        writer.write(b"%x\r\n%b\r\n" % (len(data), data))
