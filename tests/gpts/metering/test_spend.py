"""Budgets of cost centres and groups, and the percentages that admins are told of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, connections, transaction
from django.utils import translation

from core.errors import InvalidInput
from core.ids import uuid7
from core.models import AuditEvent
from core.scope import open_scope, system_scope
from gpts.metering.models import Budget, BudgetUse
from gpts.metering.queries.budgets import list_budget_lines, list_own_limits
from gpts.metering.services.budgets import BudgetExceeded, capture, change_budget
from tests.support.budgets import (
    NOW,
    add_new_member,
    create_monthly_budget,
    create_owned_company,
    read_counters,
    reserve_turn,
)
from tests.support.factories.gpts import GPTFactory
from tests.support.pages import sign_in
from workspaces.access import scope_for
from workspaces.models import Group, GroupMember, Member, Notification, OutgoingMail, User, Workspace
from workspaces.services.cost_centres import set_group_cost_centre, set_member_cost_centre

pytestmark = pytest.mark.django_db

SHARED: dict[str, Any] = {"is_each": False, "measure": "turns", "window": "month"}


def charge(place: Workspace, user: User, code: str, by: User) -> None:
    member = Member.objects.get(workspace=place, user=user)
    set_member_cost_centre(member=member, code=code, by=by, at=NOW)


def make_group(place: Workspace, name: str, code: str, by: User, *people: User) -> Group:
    group = Group.objects.create(workspace=place, name=name, created_at=NOW)
    set_group_cost_centre(group=group, code=code, by=by, at=NOW)
    for person in people:
        member = Member.objects.get(workspace=place, user=person)
        GroupMember.objects.create(group=group, member=member, added_at=NOW)
    return group


def create_cost_centre_budget(place: Workspace, by: User, code: str, **fields: Any) -> Budget:
    values = SHARED | {"name": f"Centre {code}", "subject": "cost_centre", "cost_centre": code} | fields
    return create_monthly_budget(place, by, **values)


def answer(user: User, place: Workspace, gpt: Any, *, at: datetime = NOW) -> None:
    turn_id = uuid7(at)
    reserve_turn(user, place, gpt, turn_id=turn_id, at=at)
    capture(turn_id=turn_id, tokens=100, cost_micros=1_000, at=at)


def test_a_cost_centre_counts_those_who_are_charged_to_it() -> None:
    acme = create_owned_company()
    owner, ann, bob = add_new_member(acme, role="owner"), add_new_member(acme), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    make_group(acme, "Sales", "4100", owner, ann, bob)
    charge(acme, bob, "1000", owner)
    sales = create_cost_centre_budget(acme, owner, "4100", hard_limit=2)
    own = create_cost_centre_budget(acme, owner, "1000", hard_limit=2)

    reserve_turn(ann, acme, gpt)
    reserve_turn(ann, acme, gpt)
    reserve_turn(bob, acme, gpt)
    assert reserve_turn(owner, acme, gpt).count == 0
    with pytest.raises(BudgetExceeded, match="is used up"):
        reserve_turn(ann, acme, gpt)

    # Bob's own code wins over that of his group.
    assert (read_counters(sales), read_counters(own)) == ([(None, 0, 2)], [(None, 0, 1)])
    names = {user: [line.budget.name for line in list_own_limits(user, at=NOW)] for user in (ann, bob, owner)}
    assert names == {ann: ["Centre 4100"], bob: ["Centre 1000"], owner: []}
    # Another code from the next answer on.
    charge(acme, ann, "1000", owner)
    reserve_turn(ann, acme, gpt)
    assert (read_counters(sales), read_counters(own)) == ([(None, 0, 2)], [(None, 0, 2)])


def test_a_code_that_nobody_has_is_refused_and_one_that_is_gone_is_said() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    charge(acme, ann, "4100", owner)
    for code in ("", "41", "9999"):
        with pytest.raises(InvalidInput) as refusal:
            create_cost_centre_budget(acme, owner, code)
        assert refusal.value.code == "cost_centre_unknown"
    assert not Budget.objects.exists()
    create_cost_centre_budget(acme, owner, "4100")
    assert [line.has_people for line in list_budget_lines(acme, at=NOW)] == [True]

    charge(acme, ann, "", owner)

    assert [line.has_people for line in list_budget_lines(acme, at=NOW)] == [False]
    assert (
        "charged to this cost centre" in sign_in(owner).get(f"/w/{acme.slug}/admin/budgets").content.decode()
    )


@pytest.mark.django_db(transaction=True)
def test_many_answers_at_once_pass_no_limit_of_several_budgets() -> None:
    with system_scope("tests"):
        acme = create_owned_company()
        owner, ann, bob = add_new_member(acme, role="owner"), add_new_member(acme), add_new_member(acme)
        gpt = GPTFactory.create(workspace=acme, owner=owner)
        group = make_group(acme, "Sales", "4100", owner, ann, bob)
        whole = create_monthly_budget(acme, owner, name="All", subject="workspace", **SHARED, hard_limit=90)
        centre = create_cost_centre_budget(acme, owner, "4100", hard_limit=9)
        team = create_monthly_budget(
            acme, owner, name="Team", subject="group", group_id=group.pk, **SHARED, hard_limit=7
        )

    def one(number: int) -> bool:
        user = (ann, bob)[number % 2]
        turn_id = uuid7(NOW)
        try:
            with open_scope(scope_for(user)):
                reserve_turn(user, acme, gpt, turn_id=turn_id)
            if number % 3 == 0:
                with open_scope(scope_for(user)):
                    capture(turn_id=turn_id, tokens=100, cost_micros=1_000, at=NOW)
        except BudgetExceeded:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(one, range(20)))

    with system_scope("tests"):
        assert sum(done) == 7
        for budget in (whole, centre, team):
            [(_user, used, reserved)] = read_counters(budget)
            assert used + reserved == 7
            assert used == sum(is_in and number % 3 == 0 for number, is_in in enumerate(done))


def read_notes() -> list[tuple[int, str]]:
    notes = Notification.objects.filter(kind="gpts.budget_threshold").order_by("pk")
    return list(notes.values_list("user_id", "title"))


def test_each_percentage_is_told_once_in_a_month_by_bell_and_mail() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    other = add_new_member(acme, role="admin")
    User.objects.filter(pk=other.pk).update(language="zh-hans")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    charge(acme, ann, "4100", owner)
    budget = create_cost_centre_budget(acme, owner, "4100", hard_limit=10)
    assert budget.thresholds == [50, 80, 100]

    told = []
    for _number in range(10):
        # The language of who asked says nothing about an admin who has chosen none.
        with translation.override("zh-hans"):
            answer(ann, acme, gpt)
        told.append(len(read_notes()))

    assert told == [0, 0, 0, 0, 2, 2, 2, 4, 4, 6]
    assert read_notes()[::2] == [
        (owner.pk, f"Cost centre 4100: {percent}% of “Centre 4100” is used") for percent in (50, 80, 100)
    ]
    assert OutgoingMail.objects.count() == 6
    assert read_notes()[1] == (other.pk, "成本中心 4100：“Centre 4100”已用 50%")
    # A new month begins anew.
    december = datetime(2026, 12, 3, tzinfo=UTC)
    for _number in range(5):
        answer(ann, acme, gpt, at=december)
    assert len(read_notes()) == 8


def test_the_mail_says_what_is_used_and_where(deliver_mails: Any) -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    create_monthly_budget(acme, owner, name="All", subject="workspace", **SHARED, hard_limit=2)
    with deliver_mails():
        answer(ann, acme, gpt)
    [message] = mail.outbox
    assert (message.to, message.subject) == ([owner.email], "The whole workspace: 50% of “All” is used")
    text = f"Counted so far: 1 answer of 2 answers a month in {acme.name}. New answers are refused when it is"
    assert text in str(message.body) and f"/w/{acme.slug}/admin/budgets" in str(message.body)


def test_one_answer_that_passes_two_percentages_tells_the_higher_one() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    budget = create_monthly_budget(acme, owner, name="All", subject="workspace", **SHARED, hard_limit=1)
    answer(owner, acme, gpt)
    assert read_notes() == [(owner.pk, "The whole workspace: 100% of “All” is used")]

    # With a higher limit, the percentages above the present use are told again, those below it are not.
    budget = change_budget(budget=budget, hard_limit=4, by=owner, at=NOW)
    told_again = []
    for _number in range(3):
        answer(owner, acme, gpt)
        told_again.append(read_notes()[-1][1].split(": ")[1][:4])

    assert told_again == ["50% ", "50% ", "100%"]
    # Switched off, nothing is counted or told.
    change_budget(budget=budget, is_enabled=False, thresholds=[10], by=owner, at=NOW)
    answer(owner, acme, gpt)
    assert len(read_notes()) == 3


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"thresholds": [0]}, "thresholds_invalid"),
        ({"thresholds": [101]}, "thresholds_invalid"),
        ({"thresholds": [1, 2, 3, 4, 5, 6]}, "thresholds_invalid"),
        ({"thresholds": [50], "window": "minute"}, "thresholds_not_shared"),
        ({"thresholds": [50], "subject": "person", "is_each": True}, "thresholds_not_shared"),
    ],
)
def test_impossible_percentages_are_refused(fields: dict[str, Any], code: str) -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    with pytest.raises(InvalidInput) as refusal:
        create_monthly_budget(acme, owner, **(SHARED | {"subject": "workspace"} | fields))
    assert (refusal.value.code, refusal.value.field) == (code, "thresholds")
    assert not Budget.objects.exists() and not AuditEvent.objects.filter(action="gpts.budget_set").exists()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"thresholds": [0]}, "gpts_budget_thresholds"),
        ({"thresholds": [50], "is_each": True, "subject": "person"}, "gpts_budget_thresholds"),
        ({"cost_centre": "4100"}, "gpts_budget_subject"),
        ({"subject": "cost_centre"}, "gpts_budget_subject"),
        ({"subject": "cost_centre", "cost_centre": "1", "is_each": True}, "gpts_budget_subject"),
    ],
)
def test_the_database_refuses_what_means_nothing(changes: dict[str, Any], constraint: str) -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    budget = create_monthly_budget(
        acme, owner, subject="workspace", measure="turns", is_each=False, thresholds=[]
    )
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Budget.objects.filter(pk=budget.pk).update(**changes)


def test_the_page_sets_shows_and_forecasts_a_budget_of_a_cost_centre() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    charge(acme, ann, "4100", owner)
    new = {
        "name": "Sales", "whose": "cost_centre", "cost_centre": "4100", "measure": "cost_micros",
        "window": "month", "hard_limit": "10", "thresholds": "25 %, 75，100",
    }  # fmt: skip
    with time_machine.travel(datetime(2026, 11, 4, tzinfo=UTC), tick=False):
        client = sign_in(owner)
        wrong = client.post(f"/w/{acme.slug}/admin/budgets/new", new | {"thresholds": "half"})
        none = Budget.objects.count()
        assert client.post(f"/w/{acme.slug}/admin/budgets/new", new).status_code == 302
        budget = Budget.objects.get()
        early = client.get(f"/w/{acme.slug}/admin/budgets").content.decode()
    BudgetUse.objects.create(
        budget=budget, workspace=acme, window_start=datetime(2026, 11, 1, tzinfo=UTC), used=6_000_000
    )
    with time_machine.travel(datetime(2026, 11, 16, tzinfo=UTC), tick=False):
        late = sign_in(owner).get(f"/w/{acme.slug}/admin/budgets").content.decode()

    assert (wrong.status_code, none) == (400, 0)
    assert "Write whole numbers" in wrong.content.decode() and 'value="half"' in wrong.content.decode()
    assert (budget.cost_centre, budget.thresholds) == ("4100", [25, 75, 100])
    assert "Cost centre 4100 may use at most $10.00 a month" in early
    assert "No forecast yet: it needs three days of counting" in early
    # 12 days gave $6, 15 more give $7.50.
    assert "<strong>$13.50</strong>" in late
    assert "A straight line" in late


def test_a_budget_shows_as_close_to_its_limit_by_its_warning_or_near_the_end() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    for name, soft in (("Without", None), ("With", 5)):
        create_monthly_budget(
            acme, owner, name=name, subject="workspace", soft_limit=soft, hard_limit=10, **SHARED
        )

    seen = []
    for _answer in range(10):
        answer(owner, acme, gpt)
        seen.append({line.budget.name: line.state for line in list_budget_lines(acme, at=NOW)})

    assert [states["Without"] for states in seen] == ["fine"] * 8 + ["warned", "full"]
    assert [states["With"] for states in seen] == ["fine"] * 4 + ["warned"] * 5 + ["full"]
