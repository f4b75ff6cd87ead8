"""The web service with times of about a second, for tests of slow clients."""

from __future__ import annotations

from config import http_protocol, web_server

http_protocol.HEAD_SECONDS = 1.0
http_protocol.BODY_SECONDS = 1.0

if __name__ == "__main__":
    web_server.main()
