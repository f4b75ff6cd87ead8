"""Responses for objects that do not exist, which those for hidden objects must equal."""

from __future__ import annotations

import zlib
from typing import Any

from django.test import Client

from tests.isolation.matrix import Cell
from tests.isolation.requests import ask, build_absent_ids, build_path, normalise, send
from tests.isolation.world import ACTORS, World

UNKNOWN_PATH = "/no/such/address/at/all"
# Nearly all routes answer a person alike for whatever does not exist: what is known needs no second request.
_known: dict[tuple[str, bool, str], list[Any]] = {}


def is_like_absent(seen: Any, cell: Cell, world: World) -> bool:
    """Whether a normalised response is what the person gets for an object that does not exist.

    For two persons of each route this is the same route with absent ids, for pages without ids an unknown
    address. For the others a response that some route gave the person for an absent object is enough.
    """
    known = _known.setdefault((cell.actor, cell.route.is_api, cell.method), [])
    if seen in known and not _is_sample(cell):
        return True
    absent = _request_absent(cell, world)
    if absent not in known:
        known.append(absent)
    return bool(seen == absent)


def _is_sample(cell: Cell) -> bool:
    """Choose the stranger and one other person of each route and method, the same in every run."""
    others = [actor for actor in ACTORS if actor != "stranger" and cell.row.outcome(actor) != "in"]
    chosen = others[zlib.crc32(f"{cell.row.name} {cell.method}".encode()) % len(others)] if others else ""
    return cell.actor in ("stranger", chosen)


def _request_absent(cell: Cell, world: World) -> Any:
    row = cell.row
    if row.ids:
        ids = build_absent_ids(row)
        return normalise(ask(world, row, cell.actor, cell.method, ids), build_path(row, ids))
    if row.outcome(cell.actor) != "missing" or cell.route.is_api:
        return normalise(ask(world, row, cell.actor, cell.method, row.fixed), build_path(row, row.fixed))
    client = Client()
    if cell.actor in world.sessions:
        client.cookies["loggia_session"] = world.sessions[cell.actor]
    return normalise(send(client, cell.method, UNKNOWN_PATH, {}, {}, is_json=False), UNKNOWN_PATH)
