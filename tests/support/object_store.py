"""An S3 store in memory on a real port: objects, ranges and uploads in parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


class ObjectStore:
    """``objects`` by key, open ``uploads`` with their parts, and the ``ranges`` that were asked for."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.ranges: list[tuple[int, int]] = []
        # The status of the answer to each part of an upload.
        self.part_status = 200
        self.url = ""

    @property
    def storages(self) -> dict[str, Any]:
        """Return a value of settings.STORAGES."""
        options = {
            "bucket_name": "bucket",
            "endpoint_url": self.url,
            "access_key": "key",
            "secret_key": "secret",
            "region_name": "us-east-1",
            "addressing_style": "path",
            "default_acl": "private",
            "file_overwrite": False,
        }
        return {
            "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        }


@contextmanager
def run_object_store() -> Iterator[ObjectStore]:
    store = ObjectStore()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: Any) -> None:
            """Nothing is printed."""

        def place(self) -> tuple[str, dict[str, list[str]]]:
            parts = urlsplit(self.path)
            return parts.path.removeprefix("/bucket/"), parse_qs(parts.query, keep_blank_values=True)

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def refuse(self, status: int, code: str) -> None:
            self.answer(status, f"<Error><Code>{code}</Code></Error>".encode())

        def do_HEAD(self) -> None:
            key, _query = self.place()
            self.answer(200 if key in store.objects else 404, store.objects.get(key, b""))

        def do_GET(self) -> None:
            key, _query = self.place()
            if key not in store.objects:
                self.refuse(404, "NoSuchKey")
                return
            data = store.objects[key]
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if found is None:
                self.answer(200, data)
                return
            first, last = int(found[1]), int(found[2])
            store.ranges.append((first, last))
            if first >= len(data):
                self.refuse(416, "InvalidRange")
            else:
                self.answer(206, data[first : last + 1])

        def do_PUT(self) -> None:
            key, query = self.place()
            data = self.body()
            if "partNumber" not in query:
                store.objects[key] = data
                self.answer(200, ETag='"whole"')
            elif store.part_status != 200:
                self.refuse(store.part_status, "AccessDenied")
            else:
                store.uploads[key][int(query["partNumber"][0])] = data
                self.answer(200, ETag=f'"{query["partNumber"][0]}"')

        def do_POST(self) -> None:
            key, query = self.place()
            self.body()
            if "uploads" in query:
                store.uploads[key] = {}
                self.answer(200, b"<Result><UploadId>1</UploadId></Result>")
            else:
                parts = store.uploads.pop(key)
                store.objects[key] = b"".join(parts[number] for number in sorted(parts))
                self.answer(200, b"<Result></Result>")

        def do_DELETE(self) -> None:
            key, query = self.place()
            (store.uploads if "uploadId" in query else store.objects).pop(key, None)
            self.answer(204)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
