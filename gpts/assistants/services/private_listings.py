"""What private stores list, against the rule: triggers keep the table, this finds and mends what they missed.

Rows are wrong only where triggers did not run, as in a load with ``session_replication_role = replica``.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection, transaction

from gpts.assistants.models import GPT

_RULE = """
  SELECT l.gpt_id, g.workspace_id, g.recent_members, l.since, v.name, v.description, v.icon, v.category,
         upper(v.name || E'\\n' || v.description) AS text
    FROM gpts_liveversion l
    JOIN gpts_version v ON v.id = l.version_id
    JOIN gpts_gpt g ON g.id = l.gpt_id
   WHERE l.audience = 'workspace' AND g.deleted_at IS NULL AND g.quarantined_at IS NULL
"""
_TABLE = """
  SELECT gpt_id, workspace_id, recent_members, since, name, description, icon, category, text
    FROM gpts_privatelisting
"""


def find_wrong_listings() -> list[int]:
    """Return the ids of GPTs whose row is missing, left over or different. In a scope that sees all."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT gpt_id FROM (({_RULE} EXCEPT {_TABLE}) UNION ALL ({_TABLE} EXCEPT {_RULE})) wrong"  # noqa: S608 - constants
            " GROUP BY gpt_id ORDER BY gpt_id"
        )
        return [gpt_id for (gpt_id,) in cursor.fetchall()]


@transaction.atomic
def rebuild_listings(gpt_ids: Collection[int]) -> None:
    """Write the rows of these GPTs anew; idempotent."""
    list(GPT.objects.select_for_update(of=("self",)).filter(pk__in=gpt_ids).order_by("pk").values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gpts_keep_private_listing(id) FROM unnest(%s::bigint[]) AS asked (id)", [list(gpt_ids)]
        )
