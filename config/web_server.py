"""Starts the web service: the one place that says how uvicorn runs, for script/server, containers and tests.

    python -m config.web_server --host 0.0.0.0 --port 8000 --workers 2

uvicorn's own handling of X-Forwarded-For and X-Forwarded-Proto is off, because it would trust every caller on
this machine; workspaces.web.client_address and Django read these headers as far as TRUST_PROXY says.
"""

from __future__ import annotations

import argparse

import uvicorn

DEFAULT_PORT = 8000


def main() -> None:
    options = parse_arguments()
    uvicorn.run(
        "config.asgi:application",
        host=options.host,
        port=options.port,
        workers=options.workers,
        http="config.http_protocol:BoundedHttpProtocol",
        ws="none",  # there are no WebSockets, and their handshake has no limits of ours
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level=options.log_level,
        timeout_graceful_shutdown=options.graceful_seconds,
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.web_server", description="The web service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--log-level", default="warning")
    parser.add_argument(
        "--graceful-seconds", type=int, default=25, help="how long running answers may take after SIGTERM"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
