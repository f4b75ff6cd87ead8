"""Writing new rows of several tables in one round trip, for the start of a turn, on which a reader waits."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connection, models


def insert_together(*rows: models.Model) -> None:
    """Insert new rows in this order; a key that the database makes is not read back."""
    statements: list[str] = []
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
