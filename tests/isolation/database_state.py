"""Detects changes in the database: which tables a request wrote to, and whether their content differs now."""

from __future__ import annotations

from django.db import connection

# A refused request may write these: the session and when it was last seen.
BOOKKEEPING = {"django_session", "usersessions_usersession"}
_IGNORED_COLUMNS = {"workspaces_apikey": ("last_used_at",)}
# Refused attempts may be audited.
_IGNORED_ROWS = {
    "core_auditevent": "action LIKE '%denied%'",
    "core_auditmention": "event_id IN (SELECT id FROM core_auditevent WHERE action LIKE '%denied%')",
}


def list_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall() if name not in BOOKKEEPING]


def count_writes() -> dict[str, int]:
    """Return how many rows this transaction has written, by table; partitions count as their parent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(parent.relname, s.relname), sum(n_tup_ins + n_tup_upd + n_tup_del)"
            " FROM pg_stat_xact_user_tables s LEFT JOIN pg_inherits i ON i.inhrelid = s.relid"
            " LEFT JOIN pg_class parent ON parent.oid = i.inhparent GROUP BY 1"
        )
        return {name: int(count) for name, count in cursor.fetchall() if count}


def digest_tables(names: list[str] | None = None) -> dict[str, str]:
    """Return the number of rows and a digest of the content of each table."""
    found = {}
    with connection.cursor() as cursor:
        for name in list_tables() if names is None else names:
            row = "to_jsonb(t)" + "".join(f" - '{column}'" for column in _IGNORED_COLUMNS.get(name, ()))
            where = f" WHERE NOT ({_IGNORED_ROWS[name]})" if name in _IGNORED_ROWS else ""
            digest = f"md5(({row})::text)"
            cursor.execute(
                f"SELECT count(*), md5(COALESCE(string_agg({digest}, '' ORDER BY {digest}), ''))"
                f' FROM "{name}" t{where}'
            )
            count, content = cursor.fetchone()
            found[name] = f"{count} rows {content}"
    return found


class ChangeDetector:
    """Compares the tables that were written to since ``start`` with their content in the new world.

    One instance serves a whole module, as reading all tables of the new world takes long.
    """

    def __init__(self) -> None:
        self.built: dict[str, str] = {}
        self.before: dict[str, int] = {}

    def start(self) -> None:
        if not self.built:
            self.built = digest_tables()
        self.before = count_writes()

    def list_changed(self) -> list[str]:
        """Return the names of the tables whose content has changed."""
        now = count_writes()
        touched = [
            name for name, count in now.items() if count != self.before.get(name, 0) and name in self.built
        ]
        after = digest_tables(touched)
        return [name for name in touched if after[name] != self.built[name]]
