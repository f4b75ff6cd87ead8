"""Sends requests as one of the world's people and normalises the responses for comparison."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import reverse

from tests.isolation.matrix import ROUTES, pick_allowed_actor
from tests.isolation.routes import Route
from tests.isolation.rows.row import Row
from tests.isolation.streams import StreamClient
from tests.isolation.world import World, build_absent_id

# Nonces, tokens and ids of requests, which differ between any two responses.
_NOISE = re.compile(
    rb'nonce="[^"]*"|nonce-[A-Za-z0-9+/=_-]+|\b[A-Za-z0-9]{64}\b|\b[A-Za-z0-9]{32}\b|[0-9a-f-]{36}'
)


def get_own_ids(row: Row, world: World) -> dict[str, Any]:
    return {name: world.ids[key] for name, key in row.ids.items()} | dict(row.fixed)


def build_absent_ids(row: Row) -> dict[str, Any]:
    """Return ids of the same types that no object has."""
    converters = _find_converters(ROUTES[row.name])
    return {name: build_absent_id(converters.get(name, str)) for name in row.ids} | dict(row.fixed)


def _find_converters(route: Route) -> dict[str, type]:
    kinds = {}
    for name, written in re.findall(r"<(\w+):(\w+)>", route.path):
        kinds[written] = {"int": int, "uuid": UUID}.get(name, str)
    return kinds


def build_path(row: Row, ids: Mapping[str, Any]) -> str:
    """Return the path and query of a row; routes without a name have their path as a name."""
    path = f"/{row.name}" if row.name.endswith("/") else reverse(row.name, kwargs=dict(ids) or None)
    return path + row.query


def build_client(route: Route, world: World, actor: str) -> Client | AsyncClient:
    client: Any = StreamClient() if route.is_async else Client()
    if actor in world.sessions and not route.is_api:
        client.cookies["loggia_session"] = world.sessions[actor]
    return client


def build_headers(route: Route, world: World, row: Row, actor: str) -> dict[str, str]:
    if not route.is_api or actor == "anonymous":
        return {}
    return {"Authorization": f"Bearer {world.keys[row.key if actor == 'owner' else actor]}"}


def ask(world: World, row: Row, actor: str, method: str, ids: Mapping[str, Any]) -> Any:
    """Send the row's request as ``actor``, with a session for pages and an API key for the API."""
    route = ROUTES[row.name]
    headers = build_headers(route, world, row, actor)
    client = build_client(route, world, actor)
    return send(client, method, build_path(row, ids), row.data(world), headers, is_json=row.is_json)


def send(
    client: Client | AsyncClient,
    method: str,
    path: str,
    data: Any,
    headers: Mapping[str, str],
    *,
    is_json: bool,
) -> Any:
    """Send one request; ``data`` is a form, or becomes JSON unless it is a string."""
    arguments: dict[str, Any] = {"headers": headers}
    if method != "GET" and is_json:
        text = data if isinstance(data, str) else json.dumps(data)
        arguments |= {"data": text, "content_type": "application/json"}
    elif method != "GET":
        arguments["data"] = dict(data) if method == "POST" else ""
    call = getattr(client, method.lower())
    if isinstance(client, AsyncClient):
        call = async_to_sync(call)
    return call(path, **arguments)


def send_as_allowed(world: World, row: Row, method: str, body: Any, query: str = "") -> Any:
    """Send a request to an existing object as somebody who may do this."""
    route, actor = ROUTES[row.name], pick_allowed_actor(row)
    path = build_path(row, get_own_ids(row, world)) + query
    headers = build_headers(route, world, row, actor)
    return send(build_client(route, world, actor), method, path, body, headers, is_json=row.is_json)


def as_person(world: World, name: str) -> Client:
    """Return a client with the person's session."""
    client = Client()
    client.cookies["loggia_session"] = world.sessions[name]
    return client


def call(world: World, name: str, method: str, path: str, body: Any = None) -> Any:
    """Send an API request with the person's key."""
    headers = {"Authorization": f"Bearer {world.keys[name]}"}
    arguments = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(headers=headers), method)(path, **arguments)


def read_body(response: Any) -> bytes:
    """Return the body; empty for asynchronous streams."""
    if not response.streaming:
        content: bytes = response.content
        return content
    return b"" if response.is_async else b"".join(response.streaming_content)


def normalise(response: Any, path: str, body: bytes | None = None) -> tuple[int, dict[str, bytes], bytes]:
    """Return status, headers and body without the path and without nonces, tokens and ids.

    ``body`` is the response's, where it was read before: a stream is read once.
    """
    headers = {
        name: _normalise_text(value.encode(), path)
        for name, value in response.headers.items()
        if name != "Content-Length"
    }
    return response.status_code, headers, _normalise_text(read_body(response) if body is None else body, path)


def _normalise_text(text: bytes, path: str) -> bytes:
    plain = path.partition("?")[0]
    for form in (path, quote(path, safe=""), quote(path), plain):
        text = text.replace(form.encode(), b"PATH")
    # The page that the address belongs to, such as /g/<slug>/chat for /g/<slug>/chat/turns.
    page = plain.rpartition("/")[0]
    if page.count("/") > 2:
        text = text.replace(page.encode(), b"PAGE")
    return _NOISE.sub(b"*", text)


def classify_outcome(response: Any) -> str:
    """Return the outcome in the terms of ``Row.outcome``."""
    status = response.status_code
    if status in (301, 302) and response.headers["Location"].startswith("/accounts/login/?"):
        return "login"
    return {401: "refused", 403: "forbidden", 404: "missing"}.get(
        status, "in" if status < 500 else f"error {status}"
    )
