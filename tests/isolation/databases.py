"""Databases of the matrices of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

BUILT = "loggia_isolation_built"


@contextmanager
def use_database(name: str) -> Iterator[None]:
    """Let all connections of this process, also those of threads, use the database ``name``."""
    before = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = name
    yield
    connections.close_all()
    connection.settings_dict["NAME"] = before
