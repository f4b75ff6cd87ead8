"""A long log: the page, its filter and what that offers read no more than they show."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.audit_words import Reader
from core.scope import Scope, open_scope, system_scope
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.servers import servers
from workspaces.audit_filter import AuditFilter
from workspaces.models import User, Workspace
from workspaces.queries import (
    list_audit_actions,
    list_audit_events,
    list_audit_kinds,
    list_audit_objects,
    list_audit_people,
)

EVENTS = 100_000
# Pages of PostgreSQL (8 kB): the table has 2,500 of them and each index some hundreds.
MOST_PAGES = 400
# What the list of objects may read: the rows of up to 20,000 events, one in six.
OBJECT_PAGES = 4_000


@pytest.fixture
def log(transactional_db: None) -> tuple[User, Workspace]:
    """Fill the log in SQL, without triggers; half of it is another workspace's."""
    with system_scope("tests"):
        owner = UserFactory.create()
        place = create_company(owner)
    with psycopg.connect(
        **servers.postgres.superuser(str(connection.settings_dict["NAME"])), autocommit=True
    ) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "INSERT INTO core_auditevent (chain, sequence, at, action, actor_id, actor_label, is_automated,"
            " workspace_id, subject_type, subject_id, reason, data, previous_hash, hash)"
            " SELECT 'made:' || n %% 2, n, now(), (ARRAY['workspaces.member_joined', 'gpts.version_frozen',"
            " 'gpts.gpt_created'])[n %% 3 + 1], %(owner)s + n %% 1000, '', false,"
            " CASE n %% 2 WHEN 0 THEN %(place)s ELSE -1 END,"
            " (ARRAY['workspaces.user', 'gpts.version', 'gpts.gpt'])[n %% 3 + 1], (n / 50)::text, '', '{}',"
            " '', ''"
            " FROM generate_series(1, %(count)s) n",
            {"owner": owner.pk, "place": place.pk, "count": EVENTS},
        )
        admin.execute(
            "INSERT INTO core_auditmention (event_id, workspace_id, name, value)"
            " SELECT id, workspace_id, 'user_id', subject_id FROM core_auditevent WHERE chain LIKE 'made:%'"
        )
        admin.execute("ANALYZE core_auditevent")
        admin.execute("ANALYZE core_auditmention")
    return owner, place


def count_pages(call: Any) -> int:
    """Return how many pages the queries of ``call`` touch."""
    with CaptureQueriesContext(connection) as queries:
        call()
    total = 0
    for query in queries.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query["sql"].replace("%", "%%"), ())
            plan = cursor.fetchone()[0][0]["Plan"]
        total += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return total


@pytest.mark.slow
def test_no_query_of_the_page_reads_the_whole_log(log: tuple[User, Workspace]) -> None:
    owner, place = log
    reader = Reader(owner, place.pk, place.slug)
    wanted = {
        "all": AuditFilter(),
        "action": AuditFilter(action="workspaces.member_joined"),
        "area": AuditFilter(area="people"),
        "kind": AuditFilter(kind="gpts.gpt"),
        "object": AuditFilter(kind="workspaces.user", object="workspaces.user:471"),
        "nothing": AuditFilter(kind="workspaces.user", object="workspaces.user:99999999"),
        "person": AuditFilter(person=owner.pk),
    }
    scope = Scope(user_id=owner.pk, workspace_ids=(place.pk,), admin_workspace_ids=(place.pk,))
    with open_scope(scope):
        pages = {
            name: count_pages(lambda one=one: list(list_audit_events(place, one).order_by("-id")[:51]))
            for name, one in wanted.items()
        }
        pages["actions"] = count_pages(lambda: list_audit_actions(place))
        pages["kinds"] = count_pages(lambda: list_audit_kinds(place))
        pages["people"] = count_pages(lambda: list_audit_people(place, also=owner.pk))
        objects = count_pages(lambda: list_audit_objects(place, "gpts.gpt", reader))
        found = len(list_audit_events(place, wanted["object"]).order_by("-id")[:51])
    assert {name: count for name, count in pages.items() if count > MOST_PAGES} == {}
    assert objects < OBJECT_PAGES
    assert found > 0
