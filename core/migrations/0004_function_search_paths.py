"""Functions look names up in our schema only, never first among the caller's temporary tables.

Those that policies call become PL/pgSQL: a function with a search path of its own is not inlined, and
PL/pgSQL keeps its plan for the session.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

from core.migration_operations import SEARCH_PATH, FixSearchPath

# (name, arguments, type, expression)
SETTINGS = (
    ("loggia_user_id", "", "bigint", "NULLIF(current_setting('loggia.user_id', true), '')::bigint"),
    (
        "loggia_workspace_ids",
        "",
        "bigint[]",
        "COALESCE(NULLIF(current_setting('loggia.workspace_ids', true), ''), '{}')::bigint[]",
    ),
    (
        "loggia_admin_workspace_ids",
        "",
        "bigint[]",
        "COALESCE(NULLIF(current_setting('loggia.admin_workspace_ids', true), ''), '{}')::bigint[]",
    ),
    (
        "loggia_has_staff",
        "role text",
        "boolean",
        "role = ANY(COALESCE(NULLIF(current_setting('loggia.staff', true), ''), '{}')::text[])",
    ),
    (
        "loggia_is_system",
        "",
        "boolean",
        "COALESCE(current_setting('loggia.system', true), '') <> ''"
        f" AND pg_has_role(current_user, '{settings.DATABASE_ROLES['worker']}', 'USAGE')",
    ),
)


def as_plpgsql(name: str, arguments: str, kind: str, expression: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}({arguments}) RETURNS {kind} LANGUAGE plpgsql STABLE PARALLEL SAFE"
        f" SET search_path = {SEARCH_PATH} AS $$ BEGIN RETURN {expression}; END $$"
    )


def as_sql(name: str, arguments: str, kind: str, expression: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}({arguments}) RETURNS {kind} LANGUAGE sql STABLE PARALLEL SAFE"
        f" AS $$ SELECT {expression} $$"
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0003_append_only")]

    operations: ClassVar = [
        *(migrations.RunSQL(as_plpgsql(*row), as_sql(*row)) for row in SETTINGS),
        FixSearchPath(
            "loggia_refuse_change()",
            "loggia_audit_hash(core_auditevent)",
            "loggia_audit_link()",
            "loggia_audit_faults(text)",
        ),
    ]
