"""What stands in the database: which tables a request wrote to, and whether their content differs now."""

from __future__ import annotations

from django.db import connection

# Bookkeeping that a request may write although it was refused: when a key was last used, the session itself.
BOOKKEEPING = {"django_session", "usersessions_usersession"}
_ALLOWED_COLUMNS = {"workspaces_apikey": ("last_used_at",)}
# Rows that tell of a refused try are wanted.
_IGNORED_ROWS = {"core_auditevent": "action LIKE '%denied%'"}


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall() if name not in BOOKKEEPING]


def writes() -> dict[str, int]:
    """Return how many rows this connection has written so far, by table; partitions count as their parent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(parent.relname, s.relname), sum(n_tup_ins + n_tup_upd + n_tup_del)"
            " FROM pg_stat_xact_user_tables s LEFT JOIN pg_inherits i ON i.inhrelid = s.relid"
            " LEFT JOIN pg_class parent ON parent.oid = i.inhparent GROUP BY 1"
        )
        return {name: int(count) for name, count in cursor.fetchall() if count}


def content(names: list[str] | None = None) -> dict[str, str]:
    """Return a digest of each table's rows."""
    found = {}
    with connection.cursor() as cursor:
        for name in tables() if names is None else names:
            row = "to_jsonb(t)" + "".join(f" - '{column}'" for column in _ALLOWED_COLUMNS.get(name, ()))
            where = f" WHERE NOT ({_IGNORED_ROWS[name]})" if name in _IGNORED_ROWS else ""
            digest_of = f"md5(({row})::text)"
            cursor.execute(
                f"SELECT count(*), md5(COALESCE(string_agg({digest_of}, '' ORDER BY {digest_of}), ''))"
                f' FROM "{name}" t{where}'
            )
            count, digest = cursor.fetchone()
            found[name] = f"{count} rows {digest}"
    return found


class Unchanged:
    """Compare the tables that were written to since the last look with how the world was built."""

    def __init__(self) -> None:
        self.built: dict[str, str] = {}
        self.before: dict[str, int] = {}

    def start(self) -> None:
        if not self.built:
            self.built = content()
        self.before = writes()

    def changed(self) -> list[str]:
        now = writes()
        touched = [
            name for name, count in now.items() if count != self.before.get(name, 0) and name in self.built
        ]
        after = content(touched)
        return [name for name in touched if after[name] != self.built[name]]
