"""A mail server that speaks SMTP over a real socket; the test says how slow it is."""

from __future__ import annotations

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread


@dataclass
class MailServer:
    """``mails`` are the accepted messages; ``greets_after`` seconds pass before the first line of each."""

    port: int = 0
    greets_after: float = 0.0
    refuses: bool = False
    mails: list[str] = field(default_factory=list)
    connections: int = 0


@contextmanager
def run_mail_server() -> Iterator[MailServer]:
    found = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            found.connections += 1
            time.sleep(found.greets_after)
            self._say("220 here")
            for raw in self.rfile:
                word = raw.decode().strip().upper()
                if word.startswith("DATA"):
                    self._say("354 go on")
                    self._read_message()
                elif word.startswith("QUIT"):
                    self._say("221 bye")
                    return
                elif word.startswith("RCPT") and found.refuses:
                    self._say("550 no")
                else:
                    self._say("250 ok")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def _read_message(self) -> None:
            lines: list[str] = []
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                if line == ".":
                    break
                lines.append(line)
            found.mails.append("\n".join(lines))
            self._say("250 kept")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            """The other side gave up: nothing is printed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
