"""All rows together, and the cells that come of them."""

from __future__ import annotations

from dataclasses import dataclass

from tests.isolation.discovery import Route, routes
from tests.isolation.rows import (
    budgets,
    building,
    chat_around,
    golden,
    gpts,
    insights,
    knowledge,
    marketplace,
    models,
    payouts,
    retrieval,
    reviews,
    workspaces,
)
from tests.isolation.rows.row import Row
from tests.isolation.world import ACTORS

ROWS: list[Row] = [
    *workspaces.ROWS,
    *gpts.ROWS,
    *golden.ROWS,
    *insights.ROWS,
    *budgets.ROWS,
    *building.ROWS,
    *chat_around.ROWS,
    *marketplace.ROWS,
    *models.ROWS,
    *reviews.ROWS,
    *payouts.ROWS,
    *retrieval.ROWS,
    *knowledge.ROWS,
]
ROUTES: dict[str, Route] = {route.name: route for route in routes()}
# Other ways to come to an API route, all with the owner's own rights.
SIDE_DOORS = ("session", "narrow key", "other header", "query", "dead key")


@dataclass(frozen=True)
class Cell:
    route: Route
    row: Row
    actor: str
    method: str

    def __str__(self) -> str:
        return f"{self.row.name} x {self.actor} x {self.method}"


def cells() -> list[Cell]:
    return [
        Cell(ROUTES[row.name], row, actor, method)
        for row in ROWS
        if row.name in ROUTES
        for method in row.methods
        for actor in ACTORS
    ]


def side_door_cells() -> list[Cell]:
    return [
        Cell(ROUTES[row.name], row, door, method)
        for row in ROWS
        if row.name in ROUTES and ROUTES[row.name].is_api and row.scope
        for method in row.methods
        for door in SIDE_DOORS
    ]


def unsaid() -> tuple[set[str], set[str]]:
    """Return routes × methods without a row, and rows without a route × method."""
    have = {f"{route.name} {method}" for route in ROUTES.values() for method in route.methods}
    said = {f"{row.name} {method}" for row in ROWS for method in row.methods}
    return have - said, said - have
