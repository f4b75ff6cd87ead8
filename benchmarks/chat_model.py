"""A Chat Completions server for the chat benchmark, whose words are timestamps of their sending.

It uses little CPU (callbacks on uvloop, no coroutine per stream), because it shares the measured cores.
The last "say:WORDS:RATE" of the prompt sets the stream: RATE words a second, 0 for all at once.
Run alone: `python -m benchmarks.chat_model PORT`.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time

import uvloop

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
SAY = re.compile(rb"say:(\d+):(\d+)")
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
# A timestamp has at most nineteen digits, so the size and cost of an event hardly vary.
EVENT = (
    b'data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"stamp",'
    b'"choices":[{"index":0,"delta":{"content":"%d%s"},"finish_reason":null}]}\n\n'
)
PARAGRAPH_WORDS = 20


class ModelConnection(asyncio.Protocol):
    """One connection; answers each POST with a stream."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.received = b""
        self.left = self.words = 0
        self.pause = self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # of a stream socket

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        size = LENGTH.search(head)
        if not found or len(body) < (int(size[1]) if size else 0):
            return
        self.received = b""
        *_earlier, (words, rate) = [(b"1", b"0"), *SAY.findall(body)]
        self.words = self.left = int(words)
        self.pause = 1 / int(rate) if int(rate) else 0.0
        self.transport.write(HEAD)
        self.due = self.loop.time()
        self._send_word()

    def _send_word(self) -> None:
        if self.transport.is_closing():
            return
        while self.left:
            self.left -= 1
            end = b" \\n\\n" if self.left % PARAGRAPH_WORDS == 0 else b" "
            self.transport.write(_encode_chunk(EVENT % (time.monotonic_ns(), end)))
            if self.pause:
                # At a fixed rate: a late word does not delay all later ones.
                self.due += self.pause
                self.loop.call_at(self.due, self._send_word)
                return
        last = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        usage = b'data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":%d}}\n\n' % self.words
        self.transport.write(_encode_chunk(last + usage + b"data: [DONE]\n\n") + b"0\r\n\r\n")


def _encode_chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(ModelConnection, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
