"""The web service's database backend: Django's, but all dead pooled connections are replaced at once."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

# Recently used connections skip the health query.
HEALTH_CHECK_AFTER_SECONDS = 10.0


class DatabaseWrapper(base.DatabaseWrapper):
    """Replaces all dead connections of the pool when one is found dead.

    The pool's own check drops one at a time and doubles its back-off between them: after a restart of
    PostgreSQL every request would wait until it times out.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        pool: ConnectionPool | None = self.pool  # type: ignore[attr-defined]  # missing in the stubs
        if not pool:
            return connection
        try:
            if not _can_skip_health_query(connection):
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


def _can_skip_health_query(connection: Any) -> bool:
    """Whether the connection was used recently and the server has not closed it since.

    A closed socket is readable. The health query would delay the first query of every request.
    """
    used_at: float = getattr(connection, "loggia_used_at", 0.0)
    if time.monotonic() - used_at > HEALTH_CHECK_AFTER_SECONDS:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
