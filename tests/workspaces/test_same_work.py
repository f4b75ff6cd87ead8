"""Pages that must not tell whether an address is known do the same work for both: hashes, queries, mails.

Work is counted, not timed: a clock would only say something about this machine.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.factories.workspaces import UserFactory, WorkspaceFactory
from tests.support.jobs import take_jobs
from workspaces.models import User

pytestmark = pytest.mark.django_db

FORMS: dict[str, dict[str, str]] = {
    "/accounts/signup/": {"display_name": "Ada", "email": "", "password1": "another good phrase"},
    "/accounts/login/": {"login": "", "password": "a wrong password"},
    "/accounts/password/reset/": {"email": ""},
}


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts password hashes by wrapping the hasher of the tests; the real one runs."""
    made: list[str] = []
    real = hashers.MD5PasswordHasher.encode

    def encode(self: Any, password: str, salt: str) -> str:
        made.append("hash")
        return real(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", encode)
    return made


def shape(sql: str) -> str:
    """Return what a query does: its verb and first table."""
    verb = sql.split()[0]
    found = re.search(r'(?:FROM|INTO|UPDATE) "?(\w+)"?', sql)
    return f"{verb} {found[1]}" if found else verb


def submit(path: str, email: str, hashes: list[str], capture: Any) -> dict[str, Any]:
    form = {name: value or email for name, value in FORMS[path].items()}
    hashes.clear()
    client = Client(REMOTE_ADDR=f"203.0.113.{len(email)}")
    with CaptureQueriesContext(connection) as queries, capture(execute=True):
        client.post(path, form)
    return {
        "hashes": len(hashes),
        "jobs": Counter(name for name, _kwargs in take_jobs()),
        "writes": Counter(
            shape(query["sql"])
            for query in queries
            if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")
        ),
        "queries": len(queries),
    }


@pytest.mark.parametrize("path", sorted(FORMS))
def test_known_and_unknown_addresses_take_the_same_work(
    path: str, hashes: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    ada = UserFactory.create()
    submit(path, "warm-up@example.test", hashes, django_capture_on_commit_callbacks)
    people = User.objects.count()
    known = submit(path, ada.email, hashes, django_capture_on_commit_callbacks)
    assert User.objects.count() == people
    unknown = submit(path, "nobody@example.test", hashes, django_capture_on_commit_callbacks)

    assert known["hashes"] == unknown["hashes"]
    assert known["jobs"] == unknown["jobs"]
    assert known["writes"] == unknown["writes"]
    # A few indexed reads differ at sign-up: microseconds, beside a hash of tens of milliseconds.
    assert abs(known["queries"] - unknown["queries"]) <= 4, (known["queries"], unknown["queries"])
    assert not mail.outbox


def test_an_invitation_takes_the_same_work_for_known_and_unknown_addresses(
    hashes: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    owner, known = UserFactory.create(), UserFactory.create()
    acme = WorkspaceFactory.create(owner=owner)
    client = Client()
    client.force_login(owner)
    results = []
    for email in ("warm-up@example.test", known.email, "nobody@example.test"):
        with CaptureQueriesContext(connection) as queries, django_capture_on_commit_callbacks(execute=True):
            answer = client.post(f"/w/{acme.slug}/admin/members", {"email": email, "role": "member"})
        assert answer.status_code == 302
        results.append((len(queries), Counter(name for name, _kwargs in take_jobs())))
    assert results[1] == results[2]
