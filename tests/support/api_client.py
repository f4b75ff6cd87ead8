"""Clients of the JSON API with a key: in this process, and over HTTP to the real web service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx2
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from core.scope import system_scope
from tests.support.times import NOW
from tests.support.uploads import make_upload
from workspaces.access import personal_workspace
from workspaces.models import User, Workspace
from workspaces.services.api_keys import create_api_key


def create_key(user: User, *scopes: str, workspace: Workspace | None = None) -> str:
    """Create an API key, by default for the chat in the personal workspace, and return its text."""
    with system_scope("tests"):
        _key, plain = create_api_key(
            user=user,
            workspace=workspace or user.personal_workspace,
            name="test",
            scopes=list(scopes or ("chat",)),
            by=user,
            at=NOW,
        )
    return plain


def get_bearer_header(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


FILE_KEYS = {
    "id", "name", "media_type", "size", "content_hash", "state", "progress", "failure_code", "failure",
    "remarks", "passage_count", "characters", "reader_version", "is_outdated", "is_being_reread",
    "reread_failure", "source_url", "fetched_at", "review_on", "is_due_for_review", "created_at",
}  # fmt: skip


class ApiClient:
    """A test client with a key of one workspace; ``scopes`` are those of building without others."""

    def __init__(
        self,
        user: User,
        workspace: Workspace | None = None,
        scopes: Sequence[str] = ("gpts:read", "gpts:write"),
    ) -> None:
        plain = create_key(user, *scopes, workspace=workspace)
        self.headers = {"Authorization": f"Bearer {plain}"}
        self.client = Client()

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method, f"/api/v1/{path}", data, content_type="application/json", headers=self.headers
        )

    def get(self, path: str) -> Any:
        return self("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self("POST", path, {} if body is None else body)

    def put(self, path: str, body: Any) -> Any:
        return self("PUT", path, body)

    def upload(self, path: str, name: str, text: str, method: str = "POST") -> Any:
        body = encode_multipart(BOUNDARY, {"file": make_upload(name, text)})
        return self.client.generic(
            method, f"/api/v1/{path}", body, content_type=MULTIPART_CONTENT, headers=self.headers
        )


class LiveApiClient:
    """Each method asserts the status and returns the parsed body."""

    def __init__(self, base_url: str, user: User, scopes: Sequence[str]) -> None:
        with system_scope("tests"):
            _key, plain = create_api_key(
                user=user, workspace=personal_workspace(user), name="Program", scopes=scopes, by=user,
                at=timezone.now(),
            )  # fmt: skip
        self.http = httpx2.Client(
            base_url=f"{base_url}/api/v1",
            headers={"Authorization": f"Bearer {plain}", "Accept": "application/json"},
            timeout=60,
            trust_env=False,
        )

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, status: int = 200, **query: str) -> Any:
        return self._body(self.http.get(path, params=query), status)

    def post(self, path: str, status: int = 201, **body: Any) -> Any:
        return self._body(self.http.post(path, json=body), status)

    def patch(self, path: str, status: int = 200, **body: Any) -> Any:
        return self._body(self.http.patch(path, json=body), status)

    def delete(self, path: str, status: int = 204) -> Any:
        return self._body(self.http.delete(path), status)

    def events(self, path: str, **body: Any) -> list[tuple[str, dict[str, Any]]]:
        """Return all server-sent events of a turn."""
        found, name = [], ""
        headers = {"Accept": "text/event-stream"}
        with self.http.stream("POST", path, json=body, headers=headers) as response:
            assert response.status_code == 200, response.read()
            for line in response.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    found.append((name, json.loads(value)))
        return found

    def _body(self, response: httpx2.Response, status: int) -> Any:
        assert response.status_code == status, f"{response.status_code} {response.text}"
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.json() if is_json else response.content
