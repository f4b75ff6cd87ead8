"""Plans of PostgreSQL: which tables a query reads whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

_SETTINGS = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
_CONDITIONS = ("Index Cond", "Recheck Cond", "TID Cond")


@dataclass(frozen=True)
class Reads:
    """How queries read tables: the indexes that they use, and the tables read or sorted without one."""

    indexes: frozenset[str]
    scanned: frozenset[str]
    sorted: frozenset[str]


def list_whole_reads(sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> set[str]:
    """Return the tables of which the query reads every row, or every entry of an index.

    Tests have few rows, which the planner rightly reads whole, or joins whole: it is told to avoid that where
    it can. Needs a transaction.
    """
    plan = _explain(sql, parameters, _SETTINGS)
    return {
        node["Relation Name"]
        for node in _walk(plan)
        if "Relation Name" in node
        and node["Node Type"] != "ModifyTable"
        and not any(condition in node for condition in _CONDITIONS)
    }


def list_whole_reads_of(call: Callable[[], object]) -> set[str]:
    """Return the tables that the queries of ``call`` read whole."""
    return set().union(*(list_whole_reads(statement) for statement in _capture(call)))


def list_reads_of(call: Callable[[], object]) -> Reads:
    """Return how the queries of ``call`` find their rows in order.

    Tests have few rows, which the planner rightly sorts: it is told to avoid that where an index has the
    order. ``sorted`` has the tables of which all matching rows are sorted to show the first of them.
    """
    indexes: set[str] = set()
    scanned: set[str] = set()
    sorted_: set[str] = set()
    for statement in _capture(call):
        for node in _walk(_explain(statement, None, (*_SETTINGS, "enable_sort", "enable_incremental_sort"))):
            if "Index Name" in node:
                indexes.add(node["Index Name"])
            if node["Node Type"] == "Seq Scan":
                scanned.add(node["Relation Name"])
            if node["Node Type"] == "Limit":
                for below in _walk(node, stops_at="Limit"):
                    if "Sort" in below["Node Type"]:
                        sorted_ |= {one["Relation Name"] for one in _walk(below) if "Relation Name" in one}
    return Reads(frozenset(indexes), frozenset(scanned), frozenset(sorted_))


def _capture(call: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        call()
    statements = [
        one["sql"]
        for one in queries
        if one["sql"].lstrip("( \n").startswith(("SELECT", "WITH", "UPDATE", "DELETE"))
    ]
    assert statements
    return statements


def _explain(
    sql: str, parameters: Sequence[Any] | dict[str, Any] | None, avoided: Sequence[str]
) -> dict[str, Any]:
    """Return the plan without what the settings ``avoided`` stand for, where there is another way."""
    with connection.cursor() as cursor:
        for setting in avoided:
            cursor.execute(f"SET LOCAL {setting} = off")
        try:
            cursor.execute("EXPLAIN (FORMAT JSON) " + sql, parameters)
            found = cursor.fetchone()[0]
        finally:
            for setting in avoided:
                cursor.execute(f"SET LOCAL {setting} = on")
    plan: dict[str, Any] = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return plan


def _walk(node: dict[str, Any], *, stops_at: str = "") -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        if child["Node Type"] != stops_at:
            yield from _walk(child, stops_at=stops_at)
