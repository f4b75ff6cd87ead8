"""Migration operations: row-level security and its conditions, append-only tables, the public reader.

Landed migrations call these: add operations, never change what one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from django.conf import settings
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Conditions of policies ------------------------------------------------------------------------------------
#
# The functions stand in sub-selects, so that PostgreSQL calls them once a query and not once a row.

# Of every function of ours. The caller's temporary tables come last: by default they come first.
SEARCH_PATH = "pg_catalog, public, pg_temp"

NOBODY, ANYBODY = "FALSE", "TRUE"
IS_SIGNED_IN = "(SELECT loggia_user_id()) IS NOT NULL"


def is_person(column: str) -> str:
    """Return the condition that ``column`` is the person who acts."""
    return f"{column} = (SELECT loggia_user_id())"


def in_own_workspaces(column: str) -> str:
    """Return the condition that ``column`` is a workspace of which the person is a member."""
    return f"{column} = ANY((SELECT loggia_workspace_ids())::bigint[])"


def in_administered_workspaces(column: str) -> str:
    """Return the condition that ``column`` is a workspace of which the person is an admin."""
    return f"{column} = ANY((SELECT loggia_admin_workspace_ids())::bigint[])"


def has_staff_role(role: str) -> str:
    """Return the condition that the person has the staff role ``role`` ("finance")."""
    return f"(SELECT loggia_has_staff('{role}'))"


def is_seen(column: str, table: str) -> str:
    """Return the condition that ``column`` is empty or points to a row that the person sees (MakeSight)."""
    return f"({column} IS NULL OR {table}_is_seen({column}))"


def _all(*conditions: str) -> str:
    if len(conditions) == 1:
        return conditions[0]
    return " AND ".join(f"({condition})" for condition in conditions)


def _or_system(condition: str) -> str:
    if condition == ANYBODY:  # a constant leaves plans as they are without a policy
        return ANYBODY
    return f"(SELECT loggia_is_system()) OR ({condition})"


# Operations ------------------------------------------------------------------------------------------------


class TableRule(Operation):
    """A rule on one table, made of SQL statements and undone by others; Django's state does not know it."""

    reduces_to_sql = True
    table: str

    def apply(self) -> list[str]:
        raise NotImplementedError

    def undo(self) -> list[str]:
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in self.apply():
            schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for statement in self.undo():
            schema_editor.execute(statement, params=None)

    def describe(self) -> str:
        return f"{type(self).__name__} on {self.table}"


class EnableRowSecurity(TableRule):
    """Force row-level security on ``table``, also for its owner.

    ``using`` decides which rows are seen and changed, ``check`` (``using`` when absent) which may be
    written. A system scope of the worker's role sees and writes all.
    """

    def __init__(self, table: str, *, using: str, check: str | None = None) -> None:
        self.table, self.using, self.check = table, using, check

    def apply(self) -> list[str]:
        seen = f"(SELECT loggia_is_system()) OR ({self.using})"
        written = f"(SELECT loggia_is_system()) OR ({self.check or self.using})"
        return [
            f'ALTER TABLE "{self.table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY "{self.table}_scope" ON "{self.table}" USING ({seen}) WITH CHECK ({written})',
        ]

    def undo(self) -> list[str]:
        return [
            f'DROP POLICY "{self.table}_scope" ON "{self.table}"',
            f'ALTER TABLE "{self.table}" NO FORCE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" DISABLE ROW LEVEL SECURITY',
        ]


class SetRowPolicies(TableRule):
    """Force row-level security on ``table`` with a policy of its own for each command.

    ``read`` decides which rows are seen, ``add`` which may be inserted, ``change`` which may be updated (and
    locked) and what they may become, ``remove`` which may be deleted; ``change_to`` narrows what an updated
    row may become, for rows that more people lock than write. ``refers`` maps columns to tables: a row may
    point only to rows that its writer sees, so that a foreign id is refused like one that does not exist.
    A system scope of the worker's role passes all of them. ``instead_of`` is the migration whose
    EnableRowSecurity this replaces.
    """

    def __init__(
        self,
        table: str,
        *,
        read: str,
        add: str,
        change: str,
        remove: str,
        change_to: str = "",
        refers: Mapping[str, str] | None = None,
        instead_of: str = "",
    ) -> None:
        self.table = table
        references = [is_seen(column, target) for column, target in (refers or {}).items()]
        self.commands = {
            "SELECT": (read, ""),
            "INSERT": ("", _all(add, *references)),
            "UPDATE": (change, _all(change_to or change, *references)),
            "DELETE": (remove, ""),
        }
        self.instead_of = instead_of

    def apply(self) -> list[str]:
        statements = [
            f'ALTER TABLE "{self.table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" FORCE ROW LEVEL SECURITY',
        ]
        if self.instead_of:
            statements = [f'DROP POLICY "{self.table}_scope" ON "{self.table}"']
        for command, (using, check) in self.commands.items():
            statement = f'CREATE POLICY "{self._name(command)}" ON "{self.table}" FOR {command}'
            statement += f" USING ({_or_system(using)})" if using else ""
            statement += f" WITH CHECK ({_or_system(check)})" if check else ""
            statements.append(statement)
        return statements

    def undo(self) -> list[str]:
        statements = [f'DROP POLICY "{self._name(command)}" ON "{self.table}"' for command in self.commands]
        if self.instead_of:
            return [*statements, self._find_replaced().apply()[-1]]
        return [
            *statements,
            f'ALTER TABLE "{self.table}" NO FORCE ROW LEVEL SECURITY',
            f'ALTER TABLE "{self.table}" DISABLE ROW LEVEL SECURITY',
        ]

    def _name(self, command: str) -> str:
        return f"{self.table}_{command.lower()}"

    def _find_replaced(self) -> EnableRowSecurity:
        operations = import_module(self.instead_of).Migration.operations
        return next(o for o in operations if isinstance(o, EnableRowSecurity) and o.table == self.table)


class MakeSight(TableRule):
    """Create ``<table>_is_seen(id)``: whether the policies of ``table`` show that row to who asks.

    A function and not a sub-select, because a policy may not read its own table, nor two tables each other.
    """

    def __init__(self, table: str, *, key: str = "bigint") -> None:
        self.table, self.key = table, key

    def apply(self) -> list[str]:
        return [
            f"CREATE FUNCTION {self.table}_is_seen(key {self.key}) RETURNS boolean LANGUAGE plpgsql STABLE"  # noqa: S608 - names of our tables
            f" PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$ BEGIN"
            f" RETURN EXISTS (SELECT 1 FROM public.{self.table} t WHERE t.id = key); END $$"
        ]

    def undo(self) -> list[str]:
        return [f"DROP FUNCTION {self.table}_is_seen({self.key})"]


class FixSearchPath(Operation):
    """Give existing functions a fixed search path, so that no table of the caller can stand for ours."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, *signatures: str) -> None:
        self.signatures = signatures

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for signature in self.signatures:
            schema_editor.execute(f"ALTER FUNCTION {signature} SET search_path = {SEARCH_PATH}", params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Keep the path: the functions work with it as they did before."""

    def describe(self) -> str:
        return f"Fix the search path of {', '.join(self.signatures)}"


class KeepTenant(TableRule):
    """Let no row of ``table`` be moved: its ``columns``, which say whose it is, stay as they were inserted.

    For rows that their person may change; policies cannot compare a row with what it was before.
    """

    def __init__(self, table: str, *columns: str) -> None:
        self.table, self.columns = table, columns

    def apply(self) -> list[str]:
        moved = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in self.columns)
        return [
            f'CREATE TRIGGER "{self.table}_stays" BEFORE UPDATE OF {", ".join(self.columns)}'
            f' ON "{self.table}" FOR EACH ROW WHEN ({moved}) EXECUTE FUNCTION loggia_refuse_move()'
        ]

    def undo(self) -> list[str]:
        return [f'DROP TRIGGER "{self.table}_stays" ON "{self.table}"']


class MakeAppendOnly(TableRule):
    """Let rows of ``table`` be added, never changed: app and worker lose the right, triggers refuse it."""

    def __init__(self, table: str) -> None:
        self.table = table

    def apply(self) -> list[str]:
        return [
            f'REVOKE UPDATE, DELETE, TRUNCATE ON "{self.table}" FROM {_roles("app", "worker")}',
            f'CREATE TRIGGER "{self.table}_append_only" BEFORE UPDATE OR DELETE ON "{self.table}"'
            " FOR EACH ROW EXECUTE FUNCTION loggia_refuse_change()",
            f'CREATE TRIGGER "{self.table}_no_truncate" BEFORE TRUNCATE ON "{self.table}"'
            " FOR EACH STATEMENT EXECUTE FUNCTION loggia_refuse_change()",
        ]

    def undo(self) -> list[str]:
        return [
            f'DROP TRIGGER "{self.table}_no_truncate" ON "{self.table}"',
            f'DROP TRIGGER "{self.table}_append_only" ON "{self.table}"',
            f'GRANT UPDATE, DELETE ON "{self.table}" TO {_roles("app", "worker")}',
        ]


class GrantPublicRead(TableRule):
    """Let the public reader select from ``table``: all of it, or only ``columns``."""

    def __init__(self, table: str, *columns: str) -> None:
        self.table, self.columns = table, columns

    def apply(self) -> list[str]:
        return [f'GRANT {self._select} ON "{self.table}" TO {_roles("public")}']

    def undo(self) -> list[str]:
        return [f'REVOKE {self._select} ON "{self.table}" FROM {_roles("public")}']

    @property
    def _select(self) -> str:
        return f"SELECT ({', '.join(self.columns)})" if self.columns else "SELECT"


def _roles(*names: str) -> str:
    return ", ".join(f'"{settings.DATABASE_ROLES[name]}"' for name in names)


# Fields ----------------------------------------------------------------------------------------------------


def automatic_id() -> tuple[str, models.BigAutoField]:
    """Return the primary key that Django gives a model without one, for ``CreateModel``."""
    return "id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")
