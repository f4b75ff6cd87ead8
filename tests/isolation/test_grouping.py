"""Grouped cases are independent of each other, and none of their failures is lost."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.cache import cache

from tests.support.factories.workspaces import UserFactory
from tests.support.grouping import Cases
from workspaces.models import User

pytestmark = pytest.mark.django_db


def test_each_case_starts_from_the_same_state() -> None:
    cases = Cases()
    for name in ("first", "second"):
        with cases.run(name):
            assert not User.objects.exists()
            assert cache.get("key") is None
            assert mail.outbox == []
            UserFactory.create()
            cache.set("key", 1)
            mail.send_mail("Subject", "Body", None, ["ada@example.test"])
    cases.check()


def test_all_failures_are_reported_and_undone() -> None:
    cases = Cases()
    with cases.run("gpts:list x stranger x GET"):
        UserFactory.create()
        expected, got = 404, 200
        assert expected == got, f"expected {expected}, got {got}"
    with cases.run("good"):
        assert not User.objects.exists()
    with cases.run("broken"):
        dict[str, int]()["missing"]

    with pytest.raises(AssertionError) as failure:
        cases.check()

    message = str(failure.value)
    assert "2 of 3 failed" in message
    assert "gpts:list x stranger x GET: AssertionError" in message
    assert "expected 404, got 200" in message
    assert "broken: KeyError" in message


def test_a_group_without_cases_fails() -> None:
    with pytest.raises(AssertionError):
        Cases().check()
