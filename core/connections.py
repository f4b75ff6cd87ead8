"""Database connections while a thread waits for another host, and their fair use when they run short."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import structlog
from django.conf import settings
from django.db import OperationalError, connection
from django.utils.translation import gettext_lazy as _

from core.errors import Unavailable

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5
# Whether this request is a visitor's; config.postgres keeps connections for visitors and for the others.
is_visitor_request: ContextVar[bool] = ContextVar("loggia_is_visitor_request", default=False)


class WaitInTransactionError(RuntimeError):
    """Code waits for another host while its thread holds a transaction, and so a database connection."""


class DatabaseBusy(Unavailable, OperationalError):
    """No connection of the pool became free in time."""

    def __init__(self) -> None:
        super().__init__(
            _("Too much is going on right now. Nothing was changed. Try again in a moment."),
            code="busy",
            data={"retry_after": RETRY_SECONDS},
        )


class _OpenScopes(threading.local):
    count = 0


_scopes = _OpenScopes()


def count_open_scope(change: int) -> None:
    """Count the scopes (transactions) that are open in this thread; core.scope calls it.

    Django keeps separate connections for code beside an event loop, so a coroutine cannot ask Django.
    """
    _scopes.count += change


def has_open_scope() -> bool:
    """Whether this thread is inside a scope of core.scope."""
    return _scopes.count > 0


def release_connection(waits_for: str) -> None:
    """Call this before waiting for another host: return the thread's connection to the pool.

    Inside a transaction that is impossible: raises WaitInTransactionError, in production logs an error. A
    slow host would otherwise hold one connection for each request until pages of everybody find none.
    """
    if _scopes.count or _is_in_transaction():
        if settings.WAIT_IN_TRANSACTION_RAISES:
            raise WaitInTransactionError(f"{waits_for}: a database transaction is open in this thread")
        log.error("wait_in_transaction", waits_for=waits_for)
        return
    if connection.connection is not None and not connection.in_atomic_block and _has_pool():
        connection.close()


def check_no_open_scope(waits_for: str) -> None:
    """The same check for coroutines, which hold no connection themselves."""
    if _scopes.count:
        if settings.WAIT_IN_TRANSACTION_RAISES:
            raise WaitInTransactionError(f"{waits_for}: a database transaction is open in this thread")
        log.error("wait_in_transaction", waits_for=waits_for)


def _is_in_transaction() -> bool:
    # Tests run in a transaction of their own, which Django marks.
    return connection.in_atomic_block and not all(
        getattr(block, "_from_testcase", False) for block in connection.atomic_blocks
    )


def _has_pool() -> bool:
    return bool(connection.settings_dict.get("OPTIONS", {}).get("pool"))
