"""A client of the JSON API with a bearer key, for the real web service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx2
from django.utils import timezone

from core.scope import system_scope
from workspaces.access import personal_workspace
from workspaces.models import User
from workspaces.services.api_keys import create_api_key


class Program:
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
