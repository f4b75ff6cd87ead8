"""The pages of budgets for admins, and of everybody's own limits."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from gpts.metering.models import Budget
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
from tests.support.pages import sign_in
from workspaces.models import Group, GroupMember, Member, User, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

NEW = {"name": "Money", "whose": "workspace", "measure": "cost_micros", "window": "month", "hard_limit": "5"}


def url(place: Workspace, tail: str = "") -> str:
    return f"/w/{place.slug}/admin/budgets{tail}"


def test_an_admin_sees_what_a_budget_means_before_it_is_set() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    client = sign_in(owner)

    shown = client.post(url(acme, "/new"), NEW | {"soft_limit": "2.50", "preview": "1"})
    after_preview = Budget.objects.count()
    saved = client.post(url(acme, "/new"), NEW | {"soft_limit": "2.50"}, follow=True)

    meaning = (
        f"The whole workspace may use at most $5.00 a month in {acme.name}. At $2.50 a month a note is sent."
    )
    assert (shown.status_code, after_preview) == (200, 0)
    assert meaning in shown.content.decode()
    assert 'value="2.50"' in shown.content.decode()
    assert saved.redirect_chain == [(url(acme), 302)]
    page = saved.content.decode()
    assert "The budget holds from the next answer on." in page
    assert meaning in page
    budget = Budget.objects.get()
    assert (budget.soft_limit, budget.hard_limit, budget.created_by) == (2_500_000, 5_000_000, owner)


def test_the_list_shows_use_now_with_bars_and_people() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(acme, owner, name="Answers", soft_limit=2, hard_limit=4)
    record_answers(ann, acme, gpt, answers=2)
    record_answers(owner, acme, gpt)
    reserve_turn(ann, acme, gpt)

    page = sign_in(owner).get(url(acme)).content.decode()

    assert '<strong class="budget__used">3 answers</strong>' in page
    assert "of 4 answers a month" in page
    assert 'max="100" value="75" aria-label="Answers: 75% used"' in page
    assert '<line x1="50"' in page
    assert f"Most used by {ann}" in page
    assert "Answers that are being written are counted in." in page
    assert '<span class="badge badge--warn">Close to the limit</span>' in page
    assert "All 2 people" in page


def test_changing_switching_and_removing() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    budget = create_monthly_budget(acme, owner, measure="cost_micros", hard_limit=2_000_000)
    client = sign_in(owner)
    one = f"/{budget.pk}"

    form = client.get(url(acme, one)).content.decode()
    wrong = client.post(url(acme, one), {"name": "Lower", "soft_limit": "9", "hard_limit": "3"})
    budget.refresh_from_db()
    kept = (budget.name, budget.soft_limit, budget.hard_limit)
    client.post(url(acme, one), {"name": "Lower", "hard_limit": "1.25"})
    off = client.post(url(acme, f"{one}/switch"), {"enabled": "0"}, follow=True)
    budget.refresh_from_db()

    assert 'value="2"' in form
    assert wrong.status_code == 400
    assert "set it lower" in wrong.content.decode() and 'value="9"' in wrong.content.decode()
    assert kept == ("Monthly answers", None, 2_000_000)
    assert (budget.name, budget.hard_limit, budget.is_enabled) == ("Lower", 1_250_000, False)
    assert "“Lower” is off. Its counters are kept." in off.content.decode()
    assert '<span class="badge">Off</span>' in off.content.decode()
    client.post(url(acme, f"{one}/switch"), {"enabled": "1"})
    budget.refresh_from_db()
    assert budget.is_enabled
    client.post(url(acme, f"{one}/remove"))
    assert not Budget.objects.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"hard_limit": ""}, "Set at least one limit"),
        ({"hard_limit": "-1"}, "greater than or equal to 0"),
        ({"hard_limit": "0"}, "above zero"),
        ({"hard_limit": "1e400"}, "above zero"),
        ({"hard_limit": "NaN"}, "Enter a number"),
        ({"hard_limit": "five"}, "Enter a number"),
        ({"whose": "person"}, "Choose a member of this workspace."),
        ({"whose": "gpt", "gpt": "../../etc"}, "Give the address of a GPT that you can use"),
        ({"whose": "everybody"}, "Select a valid choice"),
        ({"name": " "}, "This field is required"),
    ],
)
def test_an_invalid_form_says_why_keeps_its_values_and_saves_nothing(
    body: dict[str, str], words: str
) -> None:
    acme = create_owned_company()

    answer = sign_in(add_new_member(acme, role="owner")).post(
        url(acme, "/new"), NEW | {"name": "Typed"} | body
    )

    page = answer.content.decode()
    assert answer.status_code == 400
    assert words in page
    assert body.get("name", "Typed") in page
    assert not Budget.objects.exists()


def test_foreign_people_groups_and_gpts_in_the_form_are_refused() -> None:
    acme, globex = create_owned_company(), create_owned_company()
    eve = add_new_member(globex, role="owner")
    theirs = Group.objects.create(workspace=globex, name="Sales", created_at=NOW)
    Group.objects.create(workspace=acme, name="Ours", created_at=NOW)
    secret = GPTFactory.create(workspace=globex, owner=eve)
    client = sign_in(add_new_member(acme, role="owner"))

    for body in (
        {"whose": "person", "user": eve.email},
        {"whose": "group", "group": theirs.pk},
        {"whose": "gpt", "gpt": secret.slug},
    ):
        assert client.post(url(acme, "/new"), NEW | body).status_code == 400
    assert not Budget.objects.exists()
    page = client.get(url(acme, "/new")).content.decode()
    assert "Ours" in page and "Sales" not in page and secret.slug not in page


def test_members_builders_and_strangers_change_and_see_nothing() -> None:
    acme, globex = create_owned_company(), create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    budget = create_monthly_budget(acme, owner)
    elsewhere = create_monthly_budget(globex, add_new_member(globex, role="owner"))
    paths = ("", "/new", f"/{budget.pk}", f"/{budget.pk}/switch", f"/{budget.pk}/remove")

    def answers(user: User) -> list[int]:
        client = sign_in(user)
        return [
            client.post(url(acme, path), NEW).status_code
            if path.endswith(("switch", "remove", "new"))
            else client.get(url(acme, path)).status_code
            for path in paths
        ]

    assert answers(ann) == [403] * 5
    assert answers(add_new_member(acme, role="builder")) == [403] * 5
    assert answers(UserFactory.create()) == [404] * 5
    # The address of another workspace does not help an admin.
    client = sign_in(owner)
    for tail in ("", "/switch", "/remove"):
        assert client.post(url(acme, f"/{elsewhere.pk}{tail}"), NEW).status_code == 404
    assert list(Budget.objects.order_by("id").values_list("pk", "hard_limit", "is_enabled")) == [
        (budget.pk, 3, True),
        (elsewhere.pk, 3, True),
    ]


def test_own_limits_do_not_show_other_people() -> None:
    acme = create_owned_company()
    owner, ann, bob = add_new_member(acme, role="owner"), add_new_member(acme), add_new_member(acme)
    User.objects.filter(pk=bob.pk).update(display_name="Quillwort")
    sales = Group.objects.create(workspace=acme, name="Sales", created_at=NOW)
    GroupMember.objects.create(group=sales, member=Member.objects.get(workspace=acme, user=ann))
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(acme, owner, name="Mine alone", hard_limit=2)
    create_monthly_budget(acme, owner, name="For Bob", is_each=False, user_id=bob.pk)
    create_monthly_budget(
        acme, owner, name="For Sales", subject="group", is_each=False, group_id=sales.pk, hard_limit=9
    )
    record_answers(ann, acme, gpt, answers=2)
    record_answers(bob, acme, gpt)

    mine = sign_in(ann).get("/settings/limits").content.decode()
    theirs = sign_in(bob).get("/settings/limits").content.decode()
    strangers = sign_in(UserFactory.create()).get("/settings/limits").content.decode()

    assert "2 answers</strong>" in mine and "Used up" in mine
    assert "For Sales" in mine and "everybody together" in mine
    assert "For Bob" not in mine and "Quillwort" not in mine
    assert "For Bob" in theirs and "For Sales" not in theirs
    assert "Nobody has set a budget that counts you." in strangers


def test_empty_pages_say_what_to_do() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")

    page = sign_in(owner).get(url(acme)).content.decode()
    form = sign_in(owner).get(url(acme, "/new")).content.decode()

    assert "No limits yet" in page and f'href="{url(acme, "/new")}"' in page
    # The workspace has no groups.
    assert 'value="group"' not in form and 'name="group"' not in form


def test_a_person_can_limit_their_personal_workspace() -> None:
    ann = UserFactory.create()
    own = ann.personal_workspace
    client = sign_in(ann)

    form = client.get(url(own, "/new")).content.decode()
    refused = client.post(url(own, "/new"), NEW | {"whose": "person_each"})
    client.post(url(own, "/new"), NEW)

    assert 'value="person_each"' not in form and 'name="user"' not in form
    assert refused.status_code == 400
    assert [(budget.subject, budget.workspace_id) for budget in Budget.objects.all()] == [
        ("workspace", own.pk)
    ]
    assert "$0.00</strong>" in client.get("/settings/limits").content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_query_counts_of_both_lists_are_the_same_with_many_budgets(
    rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    for number in range(rows):
        create_monthly_budget(acme, owner, name=f"Each {number}", window=("day", "hour", "month")[number])
        create_monthly_budget(acme, owner, name=f"GPT {number}", subject="gpt", gpt_slug=gpt.slug)
        record_answers(add_new_member(acme), acme, gpt)
    client = sign_in(owner)
    pages: dict[str, Any] = {url(acme): 10, "/settings/limits": 9}

    for path, queries in pages.items():
        client.get(path)
        with django_assert_num_queries(queries):
            client.get(path)


@pytest.mark.parametrize("amount", ["1e800000", "1e999999999", "1e-999999999"])
@pytest.mark.parametrize("measure", ["cost_micros", "turns"])
def test_huge_amounts_are_refused_quickly(amount: str, measure: str) -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    client = sign_in(owner)
    kept = create_monthly_budget(acme, owner, name="Kept", hard_limit=4)
    sent = NEW | {"measure": measure, "hard_limit": amount}

    answers = [
        client.post(url(acme, "/new"), sent),
        client.post(url(acme, "/new"), sent | {"preview": "1"}),
        client.post(url(acme, f"/{kept.pk}"), {"name": "Kept", "hard_limit": amount}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert list(Budget.objects.values_list("name", "hard_limit")) == [("Kept", 4)]
