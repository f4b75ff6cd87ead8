"""A name server over a real socket; the test sets its TXT records."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@dataclass
class NameServer:
    """``texts`` maps names to their TXT records; ``code`` is what every answer has; ``asked`` keeps names."""

    place: str = ""
    texts: dict[str, list[str]] = field(default_factory=dict)
    code: dns.rcode.Rcode = dns.rcode.NOERROR
    asked: list[str] = field(default_factory=list)


@contextmanager
def run_name_server() -> Iterator[NameServer]:
    names = NameServer()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            query = dns.message.from_wire(data)
            asked = query.question[0].name.to_text().rstrip(".")
            names.asked.append(asked)
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            answer.set_rcode(names.code)
            texts = names.texts.get(asked)
            if texts is None and names.code == dns.rcode.NOERROR:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif texts:
                quoted = [f'"{text}"' for text in texts]
                answer.answer.append(dns.rrset.from_text(f"{asked}.", 60, "IN", "TXT", *quoted))
            socket.sendto(answer.to_wire(), self.client_address)

    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    names.place = f"127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield names
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
