"""Signed-in test clients, and pages as text."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from workspaces.models import User


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def get_page(client: Client, name: str, *args: Any, **query: Any) -> str:
    response = client.get(reverse(f"gpts:{name}", args=args), query)
    assert response.status_code == 200, response.status_code
    return response.content.decode()
