"""A model server that refuses what a function tells it to, and answers the rest with a short stream."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Refuse = Callable[[str, dict[str, Any]], tuple[int, Any] | None]
PROMPT_TOKENS, ANSWER_TOKENS = 11, 2
TEXT = "Hello there"


@dataclass
class ChoosyServer:
    """``url`` is its address, ``bodies`` what it was sent, with the path as "path"."""

    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def run_choosy_server(
    refuse: Refuse, *, prompt_tokens: int = PROMPT_TOKENS, tls: ssl.SSLContext | None = None
) -> Iterator[ChoosyServer]:
    """Run the server; ``refuse`` gets path and body, and returns status and error body, or None to answer.

    A refusal with status 200 is sent as one event of a stream.
    """
    made = ChoosyServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
            pass

        def do_GET(self) -> None:
            self._send(200, {"data": [{"id": "choosy-1"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            path = self.path.removeprefix("/v1")
            made.bodies.append({"path": path, **body})
            refusal = refuse(path, body)
            if refusal is None and not body["stream"]:
                self._send(200, build_whole(path, prompt_tokens))
            elif refusal is None:
                self._stream(build_events(path, prompt_tokens))
            elif refusal[0] == 200:
                self._stream([refusal[1]])
            else:
                self._send(*refusal)

        def _stream(self, events: list[Any]) -> None:
            data = b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)
            self._write(200, "text/event-stream", data + b"data: [DONE]\n\n")

        def _send(self, status: int, body: Any) -> None:
            self._write(status, "application/json", json.dumps(body).encode())

        def _write(self, status: int, kind: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    made.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/v1"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def build_events(path: str, prompt_tokens: int) -> list[Any]:
    if path == "/responses":
        usage = {"input_tokens": prompt_tokens, "output_tokens": ANSWER_TOKENS}
        return [
            {"type": "response.output_text.delta", "delta": TEXT},
            {"type": "response.completed", "response": {"usage": usage}},
        ]
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": ANSWER_TOKENS}
    return [
        {"choices": [{"index": 0, "delta": {"content": TEXT}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": usage},
    ]


def build_whole(path: str, prompt_tokens: int) -> Any:
    """Build the answer to a request without a stream."""
    if path == "/responses":
        content = [{"type": "output_text", "text": TEXT}]
        usage = {"input_tokens": prompt_tokens, "output_tokens": ANSWER_TOKENS}
        output = [{"type": "message", "role": "assistant", "content": content}]
        return {"object": "response", "status": "completed", "output": output, "usage": usage}
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": ANSWER_TOKENS}
    message = {"role": "assistant", "content": TEXT}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"object": "chat.completion", "choices": choices, "usage": usage}


def refuse_fields(*names: str, status: int = 400, message: str = "Unsupported parameter: '{name}'") -> Refuse:
    """Refuse requests that have one of the fields, naming the first in ``param`` and message."""

    def refuse(_path: str, body: dict[str, Any]) -> tuple[int, Any] | None:
        for name in names:
            if name in body:
                error = {"message": message.format(name=name), "type": "invalid_request_error", "param": name}
                return status, {"error": error}
        return None

    return refuse
