"""Migrations that landed stay as they are, and the database that they make is closed where it has to be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

ROOT = Path(settings.BASE_DIR)
LANDED = Path(__file__).with_name("landed_migrations.txt")

# Names of version 0.1.0, rebuilt since. In an old database a new migration of such a name would count as run.
NAMES_OF_0_1_0 = {
    "core": {"0001_initial"},
    "workspaces": {"0001_initial", "0002_row_level_security", "0003_shares_and_turn_words"},
    "gpts": {
        "0001_initial",
        "0002_usage_and_isolation",
        "0003_knowledgefile_removed_at",
        "0004_answers_branches_and_attachments",
        "0005_builder_conversation",
        "0006_shares_and_turn_words",
        "0007_documents",
        "0008_shares_isolation",
        "0009_builder_isolation",
        "0010_kept_versions",
        "0011_golden_isolation",
        "0012_search_index",
        "0013_search_index_isolation",
        "0014_usual_model_features",
        "0015_budgets",
        "0016_budget_isolation",
        "0017_model_reminders",
        "0018_passages_without_tsvector",
        "0019_insight_isolation",
        "0020_conversations_that_end",
        "0021_reservations_go_with_their_budget",
    },
    "marketplace": {"0001_initial", "0002_public_read", "0003_former_handles"},
    "reviews": {"0001_initial", "0002_policies_and_protection"},
    "payouts": {"0001_initial", "0002_database_rules", "0003_default_rate_card"},
}

APPEND_ONLY = {
    "core_auditevent",
    "core_auditmention",
    "gpts_usageevent",
    "gpts_usagevoid",
    "gpts_version",
    "payouts_account",
    "payouts_closeline",
    "payouts_journalentry",
    "payouts_posting",
    "payouts_ratecard",
    "payouts_ratecardline",
    "payouts_statement",
    "payouts_statementline",
    "payouts_transition",
    "payouts_usageverdict",
    "reviews_decision",
    "reviews_policyversion",
}


def migration_files() -> dict[str, Path]:
    return {path.relative_to(ROOT).as_posix(): path for path in ROOT.glob("*/migrations/[0-9]*.py")}


def landed_digests() -> dict[str, str]:
    lines = [line.split() for line in LANDED.read_text().splitlines()]
    return {path: digest for digest, path in lines}


def test_a_landed_migration_is_never_edited() -> None:
    """Databases out there have run it. The list is one of ``sha256sum``; a new migration is added to it by

    sha256sum APP/migrations/000X_name.py >> tests/config/landed_migrations.txt
    """
    files = migration_files()
    changed = [
        path
        for path, digest in landed_digests().items()
        if path not in files or hashlib.sha256(files[path].read_bytes()).hexdigest() != digest
    ]
    assert changed == [], "They have landed: restore them, and put the change into a new migration."


def test_every_migration_is_listed_as_landed() -> None:
    missing = sorted(migration_files().keys() - landed_digests().keys())
    assert missing == [], f"Run: sha256sum {' '.join(missing)} >> {LANDED.relative_to(ROOT)}"


def test_no_migration_has_a_name_of_version_0_1_0() -> None:
    names = [(app, Path(path).stem) for path in migration_files() for app in [path.partition("/")[0]]]
    assert {app for app, _ in names} == NAMES_OF_0_1_0.keys()
    assert [f"{app}.{name}" for app, name in names if name in NAMES_OF_0_1_0[app]] == []


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_a_closed_table_has_a_policy_for_each_command_of_app_and_worker() -> None:
    """Without one the command would silently find no rows. Forced, so that the owner is bound too."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, c.relforcerowsecurity, role, array_agg(command ORDER BY command) FILTER (
              WHERE has_table_privilege(role, c.oid, command) AND NOT EXISTS (
                SELECT 1 FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname
                  AND p.permissive = 'PERMISSIVE' AND p.cmd IN ('ALL', command)
                  AND (p.roles = '{public}' OR role = ANY(p.roles))))
            FROM pg_class c, unnest(%s::text[]) AS role,
                 unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS command
            WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity
            GROUP BY c.oid, c.relname, c.relforcerowsecurity, role ORDER BY 1, 3
            """,
            [[settings.DATABASE_ROLES["app"], settings.DATABASE_ROLES["worker"]]],
        )
        rows = cursor.fetchall()
    assert len(rows) > 80
    assert [row for row in rows if row[1:2] + row[3:] != (True, None)] == []


@pytest.mark.django_db
def test_append_only_tables_refuse_changes_by_right_and_by_trigger() -> None:
    roles = [settings.DATABASE_ROLES["app"], settings.DATABASE_ROLES["worker"]]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, array_agg(pg_get_triggerdef(t.oid) ORDER BY t.tgname), (
              SELECT count(*)
                FROM unnest(%s::text[]) AS role, unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) AS command
              WHERE has_table_privilege(role, c.oid, command))
            FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
              AND t.tgfoid IN ('loggia_refuse_change()'::regprocedure,
                                 'loggia_refuse_version_change()'::regprocedure) AND t.tgenabled = 'O'
            GROUP BY c.oid, c.relname
            """,
            [roles],
        )
        rows = cursor.fetchall()
    assert {name for name, _, _ in rows} == APPEND_ONLY
    for name, triggers, rights in rows:
        assert rights == 0, name
        assert [text.partition(" BEFORE ")[2].partition(" ON ")[0] for text in triggers] == [
            "DELETE OR UPDATE",
            "TRUNCATE",
        ], name
