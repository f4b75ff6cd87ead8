"""Only core.outbound and what the lint names can open connections to other hosts."""

from __future__ import annotations

import pytest

from script.connection_lint import ALLOWED, MODULES, ROOT, find_connections, list_violations


def test_nothing_but_what_is_allowed_opens_connections() -> None:
    assert list_violations() == []


@pytest.mark.parametrize("module", sorted(MODULES))
def test_each_module_is_caught_in_every_form(module: str) -> None:
    parent, _dot, last = module.rpartition(".")
    forms = [
        f"import {module}",
        f"import os, {module} as other",
        f"from {module} import something",
        f"from {module}.below import something",
        f"def call():\n    import {module}.below",
        f"importlib.import_module('{module}')",
        f"__import__('{module}')",
    ]
    if parent:
        forms += [f"from {parent} import {last}", f"import {parent}\n{module}.something()"]

    for form in forms:
        assert module in [name for _line, name in find_connections(form)], form


@pytest.mark.parametrize(
    "text",
    [
        "await asyncio.open_connection('h', 1)",
        "await asyncio.open_unix_connection('p')",
        "from asyncio import open_connection",
        "await loop.create_connection(Protocol, 'h', 1)",
        "await asyncio.get_running_loop().create_datagram_endpoint(Protocol)",
        "await loop.sock_connect(s, a)",
        "request.urlopen(url)",
    ],
)
def test_each_call_is_caught(text: str) -> None:
    assert list(find_connections(f"async def call():\n    {text}"))


@pytest.mark.parametrize(
    "text",
    ["from urllib.parse import urlsplit", "import http", "from http import HTTPStatus", "requests = []",
     "self.socket = 1", "from core.outbound import fetch", "x = model.ssl"],
)  # fmt: skip
def test_what_opens_nothing_is_left_alone(text: str) -> None:
    assert list(find_connections(text)) == []


def test_every_entry_has_a_file_and_a_reason() -> None:
    assert [file for file in ALLOWED if not (ROOT / file).is_file()] == []
    assert all(names and reason for names, reason in ALLOWED.values())
