"""Builders and readers of the synthetic listings: accounts that nobody can sign in to."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

from django.db import connection

from marketplace.synthetic.word_lists import WORD_LISTS

# "maker", "catalogue" in e-mail addresses and slugs are names in existing benchmark databases.
DOMAIN = "catalogue.test"
READERS = 3_000
LISTINGS_PER_BUILDER = 40


def ensure_people(kind: str, count: int, *, at: datetime) -> list[tuple[int, int, str]]:
    """Return (user id, workspace id, name) of the first ``count`` people of a kind; create missing ones."""
    with connection.cursor() as cursor:
        present = _list_people(cursor, kind)
        missing = range(len(present) + 1, count + 1)
        if missing:
            _create(cursor, kind, missing, at)
            present = _list_people(cursor, kind)
    return present[:count]


def _list_people(cursor: Any, kind: str) -> list[tuple[int, int, str]]:
    cursor.execute(
        "SELECT person.id, own.id, person.display_name FROM workspaces_user person"
        " JOIN workspaces_workspace own ON own.person_id = person.id"
        " WHERE person.email LIKE %s ORDER BY person.email",
        [f"{kind}%@{DOMAIN}"],
    )
    return list(cursor.fetchall())


def _create(cursor: Any, kind: str, numbers: range, at: datetime) -> None:
    rows = [(f"{kind}{number:06d}@{DOMAIN}", _generate_name(kind, number)) for number in numbers]
    emails, names = [row[0] for row in rows], [row[1] for row in rows]
    cursor.execute(
        "WITH made AS ("
        " INSERT INTO workspaces_user"
        " (password, email, former_email, display_name, language, time_zone, theme, is_active, created_at)"
        " SELECT '!', email, '', name, '', 'UTC', 'system', true, %(at)s"
        " FROM unnest(%(emails)s::text[], %(names)s::text[]) AS new_people (email, name) ORDER BY email"
        " RETURNING id, email, display_name"
        "), places AS ("
        " INSERT INTO workspaces_workspace (kind, slug, name, person_id, accent, created_at)"
        " SELECT 'personal', split_part(email, '@', 1) || '-catalogue', display_name, id, '', %(at)s"
        " FROM made RETURNING id, person_id"
        "), seats AS ("
        " INSERT INTO workspaces_member (workspace_id, user_id, role, joined_at)"
        " SELECT id, person_id, 'owner', %(at)s FROM places"
        ")"
        " INSERT INTO workspaces_sharingpolicy (workspace_id, updated_at)"
        " SELECT id, %(at)s FROM places",
        {"at": at, "emails": emails, "names": names},
    )
    if kind == "maker":
        cursor.execute(
            "INSERT INTO marketplace_builderprofile"
            " (user_id, handle, display_name, bio, website, verified_name_at, created_at, updated_at)"
            " SELECT id, split_part(email, '@', 1), display_name, '', '',"
            " CASE WHEN id %% 3 > 0 THEN %(at)s END, %(at)s, %(at)s"
            " FROM workspaces_user WHERE email = ANY(%(emails)s)",
            {"at": at, "emails": emails},
        )


def _generate_name(kind: str, number: int) -> str:
    rng = Random(f"{kind} {number}")  # noqa: S311 - reproducible, not secret
    first = rng.choice(WORD_LISTS["first names"])
    last = rng.choice(WORD_LISTS["studios"]) if kind == "maker" else str(number % 97)
    return f"{first} {last}"
