"""The API of budgets: results, access, and that foreign ids change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from core.ids import uuid7
from core.models import AuditEvent
from gpts.metering.models import Budget, BudgetReservation, BudgetUse
from gpts.metering.services.budgets import capture
from tests.support.budgets import (
    NOW,
    add_new_member,
    create_monthly_budget,
    create_owned_company,
    record_answers,
    reserve_turn,
)
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from workspaces.models import Group, User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.states import ApiScope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

EVERY_SCOPE = [ApiScope.ACCOUNT, ApiScope.USAGE_READ]
NEW = {
    "name": "Cost",
    "subject": "workspace",
    "measure": "cost_micros",
    "window": "month",
    "hard_limit": 5_000_000,
}


class Caller:
    """A person's key of one workspace."""

    def __init__(self, user: User, place: Workspace, scopes: list[str] | None = None) -> None:
        _key, plain = create_api_key(
            user=user, workspace=place, name="x", scopes=scopes or EVERY_SCOPE, by=user, at=NOW
        )
        self.client = Client(headers={"authorization": f"Bearer {plain}"})
        self.base = f"/api/v1/workspaces/{place.slug}/budgets"

    def ask(self, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        url = path if path.startswith("/") else f"{self.base}{'/' if path else ''}{path}"
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(self.client, method)(url, **sent)
        return answer.status_code, answer.json() if answer.content else None


def test_a_budget_is_deleted_with_other_peoples_reservations() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    budget = create_monthly_budget(acme, owner)
    turn_id = uuid7(NOW)
    reserve_turn(ann, acme, gpt, turn_id=turn_id)

    answer = Caller(owner, acme).ask("delete", str(budget.pk))

    # Row-level security hides Ann's reservation from the owner; the foreign key deletes it anyway.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert answer == (204, None)
    assert not BudgetUse.objects.exists() and not BudgetReservation.objects.exists()
    assert capture(turn_id=turn_id, tokens=100, cost_micros=1_500, at=NOW) == 0


def test_a_budget_is_set_changed_switched_off_and_removed() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    key = Caller(owner, acme)

    status, made = key.ask("post", body=NEW)
    record_answers(ann, acme, gpt)
    _status, listed = key.ask("get")
    _status, changed = key.ask("patch", str(made["id"]), {"name": "Money", "soft_limit": 1_000})
    _status, switched = key.ask("patch", str(made["id"]), {"is_enabled": False})
    record_answers(ann, acme, gpt)
    _status, read = key.ask("get", str(made["id"]))
    removed = key.ask("delete", str(made["id"]))

    assert (status, made) == (
        201,
        {
            "id": made["id"],
            "name": "Cost",
            "subject": "workspace",
            "is_each": False,
            "user": None,
            "group": None,
            "gpt": None,
            "cost_centre": "",
            "measure": "cost_micros",
            "window": "month",
            "soft_limit": None,
            "hard_limit": 5_000_000,
            "thresholds": [50, 80, 100],
            "is_enabled": True,
            "meaning": f"The whole workspace may use at most $5.00 a month in {acme.name}."
            " Admins are told at 50%, 80%, 100% of it.",
            "state": "fine",
            "opens_at": "2026-12-01T00:00:00Z",
            "counted_since": NOW.isoformat().replace("+00:00", "Z"),
            "forecast": None,
            "counts": [],
        },
    )
    counted = [{"user": None, "person": "", "used": 1_500, "reserved": 0}]
    assert listed == {"items": [made | {"counts": counted}], "next_cursor": "", "previous_cursor": ""}
    assert (changed["name"], changed["soft_limit"], changed["hard_limit"], changed["state"]) == (
        "Money", 1_000, 5_000_000, "warned",
    )  # fmt: skip
    # Switched off it counts nothing, and its counters are kept.
    assert (switched["state"], read["state"], read["counts"]) == ("off", "off", counted)
    assert removed == (204, None)
    assert not Budget.objects.exists() and not BudgetUse.objects.exists()
    actions = AuditEvent.objects.filter(action__startswith="gpts.budget").order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        "gpts.budget_set",
        "gpts.budget_changed",
        "gpts.budget_changed",
        "gpts.budget_removed",
    ]


def test_each_subject_can_be_set() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    sales = Group.objects.create(workspace=acme, name="Sales", created_at=NOW)
    key = Caller(owner, acme)
    rest: dict[str, Any] = {"measure": "turns", "window": "day", "soft_limit": 3}

    subjects: list[dict[str, Any]] = [
        {"subject": "person", "is_each": True},
        {"subject": "person", "user": ann.pk},
        {"subject": "group", "group": sales.pk},
        {"subject": "group", "group": sales.pk, "is_each": True},
        {"subject": "gpt", "gpt": gpt.slug},
        {"subject": "gpt", "gpt": gpt.slug, "is_each": True},
    ]

    answers = [
        key.ask("post", body={"name": f"No. {number}"} | whose | rest)
        for number, whose in enumerate(subjects)
    ]

    assert [
        (status, made["user"], made["group"], made["gpt"], made["is_each"]) for status, made in answers
    ] == [
        (201, None, None, None, True),
        (201, ann.pk, None, None, False),
        (201, None, sales.pk, None, False),
        (201, None, sales.pk, None, True),
        (201, None, None, gpt.slug, False),
        (201, None, None, gpt.slug, True),
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"hard_limit": None}, "hard_limit"),
        ({"hard_limit": 0}, "hard_limit"),
        ({"hard_limit": -5}, "hard_limit"),
        ({"hard_limit": 10**16}, "hard_limit"),
        ({"hard_limit": 10**400}, "hard_limit"),
        ({"hard_limit": "much"}, "hard_limit"),
        ({"hard_limit": 1.5}, "hard_limit"),
        ({"soft_limit": 5_000_001}, "soft_limit"),
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\x07b"}, "name"),
        ({"name": ["x"]}, "name"),
        ({"measure": "words"}, "measure"),
        ({"window": "year"}, "window"),
        ({"subject": "planet"}, "subject"),
        ({"subject": "person"}, "user"),
        ({"subject": "person", "user": 2**63 - 1}, "user"),
        ({"subject": "person", "user": 2**70}, "user"),
        ({"subject": "person", "user": "me"}, "user"),
        ({"subject": "group"}, "group"),
        ({"subject": "group", "group": 2**63}, "group"),
        ({"subject": "gpt"}, "gpt"),
        ({"subject": "gpt", "gpt": "no-such-gpt"}, "gpt"),
        ({"subject": "gpt", "gpt": "x" * 81}, "gpt"),
    ],
)
def test_a_wrong_budget_is_refused_with_its_field_and_nothing_is_saved(
    body: dict[str, Any], field: str
) -> None:
    acme = create_owned_company()

    status, answer = Caller(add_new_member(acme, role="owner"), acme).ask("post", body=NEW | body)

    assert (status, answer["error"]["field"]) == (400, field)
    assert not Budget.objects.exists()


def test_people_groups_and_gpts_of_another_workspace_are_refused_and_change_nothing() -> None:
    acme, globex = create_owned_company(), create_owned_company()
    owner, eve = add_new_member(acme, role="owner"), add_new_member(globex, role="owner")
    theirs = Group.objects.create(workspace=globex, name="Sales", created_at=NOW)
    secret = GPTFactory.create(workspace=globex, owner=eve)
    budget = create_monthly_budget(globex, eve)
    key = Caller(owner, acme)

    refusals = [
        key.ask("post", body=NEW | body)
        for body in (
            {"subject": "person", "user": eve.pk},
            {"subject": "group", "group": theirs.pk},
            {"subject": "gpt", "gpt": secret.slug},
        )
    ]

    assert [(status, answer["error"]["field"]) for status, answer in refusals] == [
        (400, "user"),
        (400, "group"),
        (400, "gpt"),
    ]
    # Unknown and foreign GPTs are refused alike.
    _status, unknown = key.ask("post", body=NEW | {"subject": "gpt", "gpt": "no-such-gpt"})
    assert refusals[2][1] == unknown
    for method, body in (("get", None), ("patch", {"hard_limit": 1}), ("delete", None)):
        foreign, missing = key.ask(method, str(budget.pk), body), key.ask(method, "999999", body)
        assert foreign == missing and foreign[0] == 404
    fresh = Budget.objects.get()
    assert (fresh.pk, fresh.hard_limit, fresh.name) == (budget.pk, 3, budget.name)


def test_members_and_keys_of_another_workspace_or_scope_are_refused() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    budget = create_monthly_budget(acme, owner)
    record_answers(ann, acme, GPTFactory.create(workspace=acme, owner=owner))
    one = str(budget.pk)

    def answers(key: Caller) -> list[int]:
        key.base = f"/api/v1/workspaces/{acme.slug}/budgets"
        return [
            key.ask("get")[0],
            key.ask("post", body=NEW)[0],
            key.ask("get", one)[0],
            key.ask("patch", one, {"hard_limit": 99})[0],
            key.ask("delete", one)[0],
        ]

    assert answers(Caller(ann, acme)) == [403] * 5
    assert answers(Caller(add_new_member(acme, role="builder"), acme)) == [403] * 5
    assert answers(Caller(owner, owner.personal_workspace)) == [404] * 5
    stranger = UserFactory.create()
    assert answers(Caller(stranger, stranger.personal_workspace)) == [404] * 5
    assert answers(Caller(owner, acme, [ApiScope.CHAT])) == [403] * 5
    assert Budget.objects.get().hard_limit == 3


def test_a_taken_name_is_a_conflict() -> None:
    acme = create_owned_company()
    key = Caller(add_new_member(acme, role="owner"), acme)
    key.ask("post", body=NEW)

    status, answer = key.ask("post", body=NEW)

    assert (status, answer["error"]["code"], answer["error"]["field"]) == (409, "budget_name_taken", "name")
    assert Budget.objects.count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_query_count_of_the_list_is_the_same_with_many_budgets(
    rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    sales = Group.objects.create(workspace=acme, name="Sales", created_at=NOW)
    for number in range(rows):
        create_monthly_budget(acme, owner, name=f"Each {number}", window=("day", "hour", "month")[number])
        create_monthly_budget(acme, owner, name=f"Group {number}", subject="group", group_id=sales.pk)
        create_monthly_budget(acme, owner, name=f"GPT {number}", subject="gpt", gpt_slug=gpt.slug)
        record_answers(add_new_member(acme), acme, gpt)
    key = Caller(owner, acme)
    key.ask("get")

    # One of them asks the workspace's policy whether the person may use the API.
    with django_assert_num_queries(10):
        _status, listed = key.ask("get")

    assert len(listed["items"]) == 3 * rows


def test_own_limits_have_what_is_used_and_when_they_open() -> None:
    acme, globex = create_owned_company(), create_owned_company()
    owner, ann, bob = add_new_member(acme, role="owner"), add_new_member(acme), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    each = create_monthly_budget(acme, owner, hard_limit=2)
    create_monthly_budget(acme, owner, name="Bob alone", is_each=False, user_id=bob.pk)
    create_monthly_budget(globex, add_new_member(globex, role="owner"), name="Elsewhere")
    whole = create_monthly_budget(
        acme, owner, name="Tokens", subject="workspace", is_each=False, measure="tokens", window="day",
        soft_limit=150, hard_limit=None,
    )  # fmt: skip
    record_answers(ann, acme, gpt, answers=2)
    record_answers(bob, acme, gpt)

    status, mine = Caller(ann, acme).ask("get", "/api/v1/limits")

    assert status == 200
    assert mine == {
        "items": [
            {
                "id": each.pk,
                "name": "Monthly answers",
                "workspace": acme.slug,
                "gpt": None,
                "is_own": True,
                "measure": "turns",
                "window": "month",
                "soft_limit": None,
                "hard_limit": 2,
                "used": 2,
                "reserved": 0,
                "state": "full",
                "opens_at": "2026-12-01T00:00:00Z",
            },
            {
                "id": whole.pk,
                "name": "Tokens",
                "workspace": acme.slug,
                "gpt": None,
                "is_own": False,
                "measure": "tokens",
                "window": "day",
                "soft_limit": 150,
                "hard_limit": None,
                "used": 300,
                "reserved": 0,
                "state": "warned",
                "opens_at": "2026-11-25T00:00:00Z",
            },
        ]
    }
    # A key of another workspace shows that workspace's limits: none.
    assert Caller(ann, ann.personal_workspace).ask("get", "/api/v1/limits") == (200, {"items": []})
    assert Caller(ann, acme, [ApiScope.ACCOUNT]).ask("get", "/api/v1/limits")[0] == 403
