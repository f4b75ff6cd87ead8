"""Writing new rows of several tables in one round trip, for the start of a turn, on which a reader waits."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection, models

# The commit returns before the disk has it: should the machine lose its power within the next half second,
# the transaction is gone whole. What commits later and waits for the disk takes it along.
_WITHOUT_DISK = "SET LOCAL synchronous_commit TO off"


def insert_together(*rows: models.Model, waits_for_disk: bool = True) -> None:
    """Insert new rows in this order; a key that the database makes is not read back.

    Without ``waits_for_disk`` the commit of the whole transaction does not wait either: for a question, on
    whose answer a reader waits, never for an answer.
    """
    statements: list[str] = [] if waits_for_disk else [_WITHOUT_DISK]
    values: list[Any] = []
    for row in rows:
        fields, statement = _insert(type(row))
        statements.append(statement)
        values += [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
        row._state.adding, row._state.db = False, connection.alias
    with connection.cursor() as cursor:
        cursor.execute("; ".join(statements), values)


@lru_cache(maxsize=16)
def _insert(model: type[models.Model]) -> tuple[tuple[models.Field[Any, Any], ...], str]:
    fields = tuple(f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField))
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return fields, f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608  # names of ours
