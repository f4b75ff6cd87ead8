"""The web service's database backend: Django's own, with dead pooled connections replaced together."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

# A connection that was used this short a time ago is only looked at, not asked.
FRESH_SECONDS = 10.0


class DatabaseWrapper(base.DatabaseWrapper):
    """The pool's own check drops one dead connection at a time and doubles its pause between them: after a
    restart of PostgreSQL with a few idle connections every request would wait until it times out."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        pool: ConnectionPool | None = self.pool  # type: ignore[attr-defined]  # missing in the stubs
        if not pool:
            return connection
        try:
            if not _is_fresh(connection):
                ConnectionPool.check_connection(connection)
        except psycopg.OperationalError:
            pool.putconn(connection)
            pool.check()
            connection = super().get_new_connection(conn_params)
        return connection

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.loggia_used_at = time.monotonic()
        super()._close()  # type: ignore[misc]  # missing in the stubs


def _is_fresh(connection: Any) -> bool:
    """Whether it was in use a moment ago and its server has not hung up since: then it has something to read.

    A request that waits for its first query has no time for a question to the server about its health.
    """
    used_at: float = getattr(connection, "loggia_used_at", 0.0)
    if time.monotonic() - used_at > FRESH_SECONDS:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
