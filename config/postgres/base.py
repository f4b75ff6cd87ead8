"""The database backend: Django's, but integers keep their size, and dead connections are all replaced."""

from __future__ import annotations

import select
import threading
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations
from psycopg.types.numeric import Int4, Int8
from psycopg_pool import ConnectionPool, PoolTimeout

from config.postgres.refusals import tell_why_no_connection
from core.connections import DatabaseBusy, is_visitor_request

# Recently used connections skip the health query.
HEALTH_CHECK_AFTER_SECONDS = 10.0
# Prepared statements of one connection: pages and turns repeat about 200. Plans take PostgreSQL's memory.
MOST_PREPARED = 200


def _pack_integer(value: int) -> Int4 | Int8:
    return Int4(value) if -(2**31) <= value < 2**31 else Int8(value)


class DatabaseOperations(operations.DatabaseOperations):
    """Sends an integer in eight bytes where four are too few.

    Django sends a number without a field of its own, such as a summand of a bigint, as an IntegerField, for
    which psycopg packs the lowest four bytes of any number, without an error, when PostgreSQL binds values.
    """

    integerfield_type_map = dict.fromkeys(
        operations.DatabaseOperations.integerfield_type_map,  # type: ignore[attr-defined]  # missing in the stubs
        _pack_integer,
    ) | {"BigIntegerField": Int8, "PositiveBigIntegerField": Int8}


class DatabaseWrapper(base.DatabaseWrapper):
    """Replaces all dead connections of the pool when one is found dead.

    The pool's own check drops one at a time and doubles its back-off between them: after a restart of
    PostgreSQL every request would wait until it times out. When no connection becomes free in time, raises
    DatabaseBusy, which is answered with 503.
    """

    ops_class = DatabaseOperations
    _held_share: threading.Semaphore | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        pool: ConnectionPool | None = self.pool  # type: ignore[attr-defined]  # missing in the stubs
        if not pool:
            return super().get_new_connection(conn_params)
        share = _get_share(pool, is_visitor=is_visitor_request.get())
        if not share.acquire(timeout=pool.timeout):
            raise DatabaseBusy
        try:
            connection = self._get_live_connection(conn_params, pool)
        except BaseException as error:
            share.release()
            if isinstance(error, PoolTimeout):
                tell_why_no_connection(pool)
                raise DatabaseBusy from error
            raise
        self._held_share = share
        connection.prepared_max = MOST_PREPARED
        return connection

    def _get_live_connection(self, conn_params: dict[str, Any], pool: ConnectionPool) -> Any:
        connection = super().get_new_connection(conn_params)
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
        share, self._held_share = self._held_share, None
        try:
            super()._close()  # type: ignore[misc]  # missing in the stubs
        finally:
            if share is not None:
                share.release()


# For each pool: how many connections visitors may hold at once, and how many all others.
_shares: dict[int, dict[bool, threading.Semaphore]] = {}
_shares_lock = threading.Lock()


def _get_share(pool: ConnectionPool, *, is_visitor: bool) -> threading.Semaphore:
    """Return the share of visitors or of all others: neither can take the whole pool from the other."""
    shares = _shares.get(id(pool))
    if shares is None:
        with _shares_lock:
            most = pool.max_size - count_reserved(pool.max_size)
            shares = _shares.setdefault(id(pool), {kind: threading.Semaphore(most) for kind in (True, False)})
    return shares[is_visitor]


def count_reserved(size: int) -> int:
    """Return how many of a pool's connections are kept for visitors, and as many for all others."""
    return max(1, size // 5) if size > 1 else 0


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
