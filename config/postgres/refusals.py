"""Why a pool has no connection: all are in use, or PostgreSQL refuses new ones. Readers get the same page."""

from __future__ import annotations

import threading
import time

import psycopg
import structlog
from psycopg_pool import ConnectionPool

log = structlog.get_logger(__name__)

PROBE_SECONDS = 30.0
CONNECT_SECONDS = 2

_probing = threading.Lock()
_probed_at: dict[int, float] = {}


def tell_why_no_connection(pool: ConnectionPool) -> None:
    """Log ``database_pool_exhausted``, or ``database_refused`` with PostgreSQL's words.

    Where the pool could not connect lately, one connection is tried, every PROBE_SECONDS at most and by one
    thread at a time: it costs its request up to CONNECT_SECONDS.
    """
    stats = pool.get_stats()
    size, failed = stats.get("pool_size", 0), stats.get("connections_errors", 0)
    if not failed:
        log.warning("database_pool_exhausted", size=size, waiting=stats.get("requests_waiting", 0))
        return
    if not _probing.acquire(blocking=False):
        return
    try:
        if time.monotonic() - _probed_at.get(id(pool), -PROBE_SECONDS) < PROBE_SECONDS:
            return
        _probed_at[id(pool)] = time.monotonic()
        refusal = _find_refusal(pool)
    finally:
        _probing.release()
    if refusal:
        log.error("database_refused", reason=refusal, size=size)
    else:
        log.warning("database_pool_exhausted", size=size, waiting=stats.get("requests_waiting", 0))


def _find_refusal(pool: ConnectionPool) -> str:
    """Return PostgreSQL's or the network's words on a failed connection, which never hold the password."""
    # Both may be functions that the pool calls for each new connection.
    address = pool.conninfo() if callable(pool.conninfo) else pool.conninfo
    options = pool.kwargs() if callable(pool.kwargs) else pool.kwargs
    try:
        psycopg.connect(address, **{**(options or {}), "connect_timeout": CONNECT_SECONDS}).close()
    except psycopg.OperationalError as error:
        return " ".join(str(error).split())[:500]
    return ""
