"""Asking a route as somebody, and what the answer looks like to them."""

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

from tests.isolation.discovery import Route
from tests.isolation.matrix import ROUTES, ROWS
from tests.isolation.rows.row import Row
from tests.isolation.streams import StreamClient
from tests.isolation.world import World, nobody

_NOISE = re.compile(
    rb'nonce="[^"]*"|nonce-[A-Za-z0-9+/=_-]+|\b[A-Za-z0-9]{64}\b|\b[A-Za-z0-9]{32}\b|[0-9a-f-]{36}'
)


def own_ids(row: Row, world: World) -> dict[str, Any]:
    return {name: world.ids[key] for name, key in row.ids.items()} | dict(row.fixed)


def absent_ids(row: Row) -> dict[str, Any]:
    """Return ids of the same kind that belong to nothing."""
    converters = _converters(ROUTES[row.name])
    return {name: nobody(converters.get(name, str)) for name in row.ids} | dict(row.fixed)


def _converters(route: Route) -> dict[str, type]:
    kinds = {}
    for name, written in re.findall(r"<(\w+):(\w+)>", route.path):
        kinds[written] = {"int": int, "uuid": UUID}.get(name, str)
    return kinds


def path_of(row: Row, ids: Mapping[str, Any]) -> str:
    """Return the address; unnamed routes have theirs as a name."""
    path = f"/{row.name}" if row.name.endswith("/") else reverse(row.name, kwargs=dict(ids) or None)
    return path + row.query


def client_of(route: Route, world: World, actor: str) -> Client | AsyncClient:
    client: Any = StreamClient() if route.is_async else Client()
    if actor in world.sessions and not route.is_api:
        client.cookies["loggia_session"] = world.sessions[actor]
    return client


def headers_of(route: Route, world: World, row: Row, actor: str) -> dict[str, str]:
    if not route.is_api or actor == "anonymous":
        return {}
    return {"Authorization": f"Bearer {world.keys[row.key if actor == 'owner' else actor]}"}


def ask(world: World, row: Row, actor: str, method: str, ids: Mapping[str, Any]) -> Any:
    route = ROUTES[row.name]
    headers = headers_of(route, world, row, actor)
    client = client_of(route, world, actor)
    return send(client, method, path_of(row, ids), row.data(world), headers, is_json=row.is_json)


def send(
    client: Client | AsyncClient,
    method: str,
    path: str,
    data: Any,
    headers: Mapping[str, str],
    *,
    is_json: bool,
) -> Any:
    """Send one request; ``data`` is a form, or what becomes JSON (text goes as it is)."""
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


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming and not response.is_async else (
        b"" if response.streaming else response.content
    )  # fmt: skip


def shape_of(response: Any, path: str) -> tuple[int, dict[str, bytes], bytes]:
    """Return status, headers and body without the address and what differs between any two answers."""
    headers = {
        name: _plain(value.encode(), path)
        for name, value in response.headers.items()
        if name != "Content-Length"
    }
    return response.status_code, headers, _plain(body_of(response), path)


def _plain(text: bytes, path: str) -> bytes:
    for form in (path, quote(path, safe=""), quote(path), path.partition("?")[0]):
        text = text.replace(form.encode(), b"PATH")
    return _NOISE.sub(b"*", text)


def outcome_of(response: Any) -> str:
    """Return in the words of the rows what happened."""
    status = response.status_code
    if status in (301, 302) and response.headers["Location"].startswith("/accounts/login/?"):
        return "login"
    return {401: "refused", 403: "forbidden", 404: "missing"}.get(
        status, "in" if status < 500 else f"error {status}"
    )


def sign_in_as(world: World, name: str) -> Client:
    client = Client()
    client.cookies["loggia_session"] = world.sessions[name]
    return client


def call_api(world: World, name: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {world.keys[name]}"}
    arguments = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(Client(headers=headers), method)(path, **arguments)


UNSAFE_METHODS = {"POST", "PUT", "PATCH", "DELETE"}


def get_permitted_person(row: Row) -> str:
    return next((name for name in ("owner", *sorted(row.who - {"anonymous"})) if name in row.who), "owner")


def list_unsafe_rows(*, is_api: bool) -> list[tuple[Row, str]]:
    return [
        (row, method)
        for row in ROWS
        if row.name in ROUTES and ROUTES[row.name].is_api is is_api
        for method in row.methods
        if method in UNSAFE_METHODS
    ]


def get_case_name(value: Any) -> str | None:
    return f"{value[0].name} x {value[1]}" if isinstance(value, tuple) else None
