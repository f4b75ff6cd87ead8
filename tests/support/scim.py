"""Clients of the directory interface: a workspace with a token, and requests with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django.utils import timezone

from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from workspaces.models import User, Workspace
from workspaces.services.scim_tokens import create_scim_token

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Directory:
    """An identity provider of ``workspace``. Methods return the response; bodies are in ``.json()``."""

    owner: User
    workspace: Workspace
    token: str
    client: Client = field(default_factory=Client)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            method,
            f"/scim/v2/{self.workspace.slug}/{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/scim+json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def add_user(self, email: str, **rest: Any) -> dict[str, Any]:
        body = {"schemas": [USER], "userName": email, "emails": [{"value": email, "primary": True}], **rest}
        response = self.send("POST", "Users", body)
        assert response.status_code == 201, response.content
        return json.loads(response.content)

    def patch(self, path: str, *operations: dict[str, Any], **headers: str) -> Any:
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)


def make_directory(*, name: str = "Acme", owner: User | None = None) -> Directory:
    owner = owner or UserFactory.create(display_name="Owner")
    workspace = WorkspaceFactory.create(owner=owner, name=name)
    _token, plain = create_scim_token(workspace=workspace, name="Sync", by=owner, at=timezone.now())
    return Directory(owner, workspace, plain)
