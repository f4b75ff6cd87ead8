"""Plans of PostgreSQL: which tables a query reads whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

_SETTINGS = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
_CONDITIONS = ("Index Cond", "Recheck Cond", "TID Cond")


def list_whole_reads(sql: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> set[str]:
    """Return the tables of which the query reads every row, or every entry of an index.

    Tests have few rows, which the planner rightly reads whole, or joins whole: it is told to avoid that where
    it can. Needs a transaction.
    """
    with connection.cursor() as cursor:
        for setting in _SETTINGS:
            cursor.execute(f"SET LOCAL {setting} = off")
        try:
            cursor.execute("EXPLAIN (FORMAT JSON) " + sql, parameters)
            found = cursor.fetchone()[0]
        finally:
            for setting in _SETTINGS:
                cursor.execute(f"SET LOCAL {setting} = on")
    plan = json.loads(found) if isinstance(found, str) else found
    return {
        node["Relation Name"]
        for node in _walk(plan[0]["Plan"])
        if "Relation Name" in node
        and node["Node Type"] != "ModifyTable"
        and not any(condition in node for condition in _CONDITIONS)
    }


def list_whole_reads_of(call: Callable[[], object]) -> set[str]:
    """Return the tables that the queries of ``call`` read whole."""
    with CaptureQueriesContext(connection) as queries:
        call()
    statements = [
        one["sql"]
        for one in queries
        if one["sql"].lstrip("( \n").startswith(("SELECT", "WITH", "UPDATE", "DELETE"))
    ]
    assert statements
    return set().union(*(list_whole_reads(statement) for statement in statements))


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _walk(child)
