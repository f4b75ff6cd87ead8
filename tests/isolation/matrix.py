"""The route matrix: all rows, and the cells (row x person x method) that they make."""

from __future__ import annotations

from dataclasses import dataclass

from tests.isolation.routes import Route, list_routes
from tests.isolation.rows import (
    budgets,
    building,
    chat_around,
    golden,
    gpts,
    identity,
    insights,
    knowledge,
    marketplace,
    models,
    operator,
    payouts,
    retrieval,
    reviews,
    sharing,
    workspaces,
)
from tests.isolation.rows.row import Row

# The rows by the part of the product that they belong to: one test checks one part.
PARTS: dict[str, list[Row]] = {
    "workspaces": workspaces.ROWS,
    "identity": identity.ROWS,
    "operator": operator.ROWS,
    "gpts": gpts.ROWS,
    "golden": golden.ROWS,
    "insights": insights.ROWS,
    "budgets": budgets.ROWS,
    "building": building.ROWS,
    "sharing": sharing.ROWS,
    "chat_around": chat_around.ROWS,
    "marketplace": marketplace.ROWS,
    "models": models.ROWS,
    "reviews": reviews.ROWS,
    "payouts": payouts.ROWS,
    "retrieval": retrieval.ROWS,
    "knowledge": knowledge.ROWS,
}
ROWS: list[Row] = [row for rows in PARTS.values() for row in rows]
ROUTES: dict[str, Route] = {route.name: route for route in list_routes()}
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Credentials that must not open an API route, although they belong to somebody whose key does.
OTHER_CREDENTIALS = ("session", "narrow key", "other header", "query", "dead key")


@dataclass(frozen=True)
class Cell:
    """One request of the matrix; ``actor`` is a person, or one of OTHER_CREDENTIALS."""

    route: Route
    row: Row
    actor: str
    method: str

    def __str__(self) -> str:
        return f"{self.row.name} x {self.actor} x {self.method}"


def list_cells(part: str, actor: str) -> list[Cell]:
    return [
        Cell(ROUTES[row.name], row, actor, method)
        for row in PARTS[part]
        if row.name in ROUTES
        for method in row.methods
    ]


def list_credential_cells(part: str) -> list[Cell]:
    return [
        Cell(ROUTES[row.name], row, credential, method)
        for row in PARTS[part]
        if row.name in ROUTES and ROUTES[row.name].is_api and row.scope
        for method in row.methods
        for credential in OTHER_CREDENTIALS
    ]


def list_parts_with_unsafe_rows(*, is_api: bool) -> list[str]:
    return [part for part in PARTS if list_unsafe_rows(part, is_api=is_api)]


def list_unsafe_rows(part: str, *, is_api: bool) -> list[tuple[Row, str]]:
    return [
        (row, method)
        for row in PARTS[part]
        if row.name in ROUTES and ROUTES[row.name].is_api is is_api
        for method in row.methods
        if method in UNSAFE
    ]


def pick_allowed_actor(row: Row) -> str:
    """Return somebody who may use the route; the owner where nobody may."""
    return next((name for name in ("owner", *sorted(row.who - {"anonymous"})) if name in row.who), "owner")


def find_missing_rows() -> tuple[set[str], set[str]]:
    """Return routes x methods without a row, and rows x methods without a route."""
    existing = {f"{route.name} {method}" for route in ROUTES.values() for method in route.methods}
    listed = {f"{row.name} {method}" for row in ROWS for method in row.methods}
    return existing - listed, listed - existing
