"""Row-level security: whose rows a transaction may see.

Every tenant-private table has forced row-level security. Its policies (``0*_isolation.py`` of each app's
migrations) read transaction-local settings that only this module writes. Whoever touches such a table
without an open scope gets an error from PostgreSQL, not an empty answer (``loggia_is_system``, core's
migration ``0005_require_scope``). A visitor's scope is ``NOBODY``, which must be opened too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction

from core.connections import count_open_scope


@dataclass(frozen=True)
class Scope:
    """The identity that row-level security checks. Empty fields grant nothing.

    ``system`` names a job ("payouts.roll_up") that sees all rows; the database accepts it from the worker's
    role only.
    """

    user_id: int | None = None
    workspace_ids: tuple[int, ...] = ()
    admin_workspace_ids: tuple[int, ...] = ()
    staff: frozenset[str] = field(default_factory=frozenset)
    system: str = ""

    def as_settings(self) -> tuple[str, str, str, str, str]:
        return (
            "" if self.user_id is None else str(self.user_id),
            _array(self.workspace_ids),
            _array(self.admin_workspace_ids),
            "{" + ",".join(sorted(self.staff)) + "}",
            self.system,
        )


class ScopeMissing(RuntimeError):
    """Code that depends on the scope ran outside of any."""


# A visitor: sees what is public. Not the same as no scope, which is an error.
NOBODY = Scope()
_current: ContextVar[Scope | None] = ContextVar("loggia_scope", default=None)
_is_public: ContextVar[bool] = ContextVar("loggia_is_public", default=False)

_SET = (
    "SELECT set_config('loggia.user_id', %s, true), set_config('loggia.workspace_ids', %s, true),"
    " set_config('loggia.admin_workspace_ids', %s, true), set_config('loggia.staff', %s, true),"
    " set_config('loggia.system', %s, true)"
)
_SET_WITH_ROLE = f"{_SET}, set_config('role', %s, true)"
_NO_SCOPE = ("", "", "", "", "")


def _array(identifiers: tuple[int, ...]) -> str:
    return "{" + ",".join(map(str, identifiers)) + "}"


def current_scope() -> Scope:
    """Return the scope of the running block; raises ScopeMissing outside of any."""
    scope = _current.get()
    if scope is None:
        raise ScopeMissing("No row-level scope is open: see core/scope.py.")
    return scope


def find_scope() -> Scope | None:
    """Return the scope of the running block, None outside of any."""
    return _current.get()


@contextmanager
def open_scope(scope: Scope, *, savepoint: bool = True) -> Iterator[Scope]:
    """Run the block in one transaction that sees the rows of ``scope``.

    A nested block replaces the scope and restores the former one at its end. The settings end with the
    transaction, so they cannot leak through a pooled connection. Without ``savepoint``, which spares two
    statements, an error in a nested block rolls back the block around it too.
    """
    before = _current.get()
    token = _current.set(scope)
    is_nested = connection.in_atomic_block
    count_open_scope(1)
    try:
        with transaction.atomic(savepoint=savepoint):
            _write(scope)
            yield scope
            # The settings of an outermost block end with its transaction.
            if is_nested and not connection.needs_rollback:
                _write(before)
    finally:
        count_open_scope(-1)
        _current.reset(token)


def system_scope(purpose: str) -> AbstractContextManager[Scope]:
    """Open the scope of a job or command that works across tenants; ``purpose`` names it."""
    return open_scope(Scope(system=purpose))


@contextmanager
def public_reader() -> Iterator[None]:
    """Run the block as the database role that can read only the public store.

    In the open scope, a visitor's if there is none. A nested block does nothing: only the outermost one sets
    and resets the role.
    """
    if _is_public.get():
        yield
        return
    role = settings.DATABASE_ROLES["public"]
    is_nested = connection.in_atomic_block
    has_scope = _current.get() is not None
    token, scope_token = _is_public.set(True), _current.set(_current.get() or NOBODY)
    count_open_scope(1)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if has_scope:
                cursor.execute(f'SET LOCAL ROLE "{role}"')
            else:
                cursor.execute(_SET_WITH_ROLE, [*NOBODY.as_settings(), role])
            yield
            if is_nested:
                cursor.execute("SET LOCAL ROLE NONE")
                if not has_scope:
                    _write(None)
    finally:
        count_open_scope(-1)
        _current.reset(scope_token)
        _is_public.reset(token)


@contextmanager
def with_share_token(token: str) -> Iterator[None]:
    """Let the block also see the shared conversation with this token. Needs an open transaction."""
    _write_share_token(token)
    try:
        yield
    finally:
        if not connection.needs_rollback:
            _write_share_token("")


def _write_share_token(token: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('loggia.share_token', %s, true)", [token])


def _write(scope: Scope | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SET, _NO_SCOPE if scope is None else scope.as_settings())
