"""A real OpenID Connect provider on a socket (oidc-provider-mock), and a company that uses it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from django.test import Client


@dataclass
class IdentityProvider:
    """``issuer`` is its address. People are made with ``set_person``."""

    issuer: str

    @property
    def host(self) -> str:
        return self.issuer.removeprefix("http://")

    def set_person(self, subject: str, **claims: Any) -> None:
        """Let the provider know a person; ``claims`` stand in their ID token."""
        answer = httpx2.put(f"{self.issuer}/users/{subject}", json=claims, trust_env=False)
        assert answer.status_code == 204, answer.text

    def confirm(self, address: str, subject: str) -> str:
        """Sign in at the page that the product sent the browser to; return where it is sent back to."""
        answer = httpx2.post(address, data={"sub": subject}, trust_env=False, follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def go_through(self, client: Client, slug: str, subject: str, **query: str) -> Any:
        """Sign ``client`` in by the company's page; return the response of the product's last step."""
        begun = client.post(f"/w/{slug}/sign-in/begin", query)
        assert begun.status_code == 302, begun.content
        back = self.confirm(begun["Location"], subject)
        path = back[back.index("/w/") :]
        return client.get(path)


@contextmanager
def run_identity_provider() -> Iterator[IdentityProvider]:
    with warnings.catch_warnings():
        # Of the provider's own libraries.
        warnings.simplefilter("ignore")
        from oidc_provider_mock import run_server_in_thread  # type: ignore[import-untyped]  # it has none

        with run_server_in_thread() as server:
            yield IdentityProvider(f"http://127.0.0.1:{server.server_port}")
