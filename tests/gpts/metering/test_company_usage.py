"""What a company's members used: sums of every dimension, cost centres, the page, the API and the file."""

from __future__ import annotations

import asyncio
import csv
import io
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.errors import InvalidInput
from core.models import AuditEvent
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.metering.models import UsageDay
from gpts.metering.queries.company_usage import (
    NAMED_ROWS,
    UsageSums,
    build_usage_report,
    list_usage_lines,
)
from gpts.metering.tasks import add_usage_to_sums
from gpts.metering.usage_ranges import Dimension, Step, UsageQuery, UsageRange, parse_usage_query
from gpts.metering.web.usage_files import stream_usage_csv
from tests.support.api_client import create_key, get_bearer_header
from tests.support.budgets import NOW, add_new_member, create_owned_company
from tests.support.chat import create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.metering import UsageEventFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.query_plans import list_whole_reads_of
from workspaces.models import Group, GroupMember, Member, User, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock_at_now")]

NOVEMBER = UsageRange(date(2026, 11, 1), date(2026, 12, 1))
TODAY = NOW.date()


def use(user: User, place: Workspace, gpt: GPT, at: datetime, **fields: Any) -> None:
    UsageEventFactory.create(user=user, gpt=gpt, at=at, workspace_id=place.pk, **fields)


def put_into_group(place: Workspace, name: str, code: str, *users: User) -> Group:
    group = Group.objects.create(workspace=place, name=name, cost_centre=code, created_at=NOW)
    for user in users:
        GroupMember.objects.create(
            group=group, member=Member.objects.get(workspace=place, user=user), added_at=NOW
        )
    return group


def read_parts(place: Workspace, by: str, **filters: str) -> dict[str, tuple[int, int]]:
    report = build_usage_report(place, UsageQuery(NOVEMBER, by=by, filters=filters))
    return {part.label: (part.sums.answers, part.sums.cost_micros) for part in report.parts}


def test_every_dimension_has_the_right_values() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    ann, bob, cleo = (add_new_member(acme) for _number in range(3))
    for user, name in ((ann, "Ann"), (bob, "Bob"), (cleo, "Cleo")):
        User.objects.filter(pk=user.pk).update(display_name=name)
    handbook = GPTFactory.create(workspace=acme, owner=owner, name="Handbook")
    letters = GPTFactory.create(workspace=acme, owner=owner, name="Letters")
    # "Board" stands before "Sales", but has no cost centre; Bob has one of his own beside his group's.
    put_into_group(acme, "Board", "", ann)
    put_into_group(acme, "Sales", "4100", ann, bob)
    put_into_group(acme, "Training", "4300", ann)
    Member.objects.filter(workspace=acme, user=bob).update(cost_centre="1000")
    day = datetime(2026, 11, 3, 12, tzinfo=UTC)
    use(ann, acme, handbook, day, cost_micros=5, model_name="small")
    use(ann, acme, letters, day, cost_micros=70, model_name="large", input_tokens=1, output_tokens=2)
    use(bob, acme, handbook, day + timedelta(days=9), cost_micros=300, model_name="small")
    use(cleo, acme, handbook, datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), cost_micros=2_000)
    # Not of November, and not of Acme.
    use(cleo, acme, handbook, datetime(2026, 12, 1, tzinfo=UTC), cost_micros=9_000)
    use(cleo, cleo.personal_workspace, handbook, day, cost_micros=9_000)

    assert read_parts(acme, "cost_centre") == {
        "No cost centre": (1, 2_000), "1000": (1, 300), "4100": (2, 75),
    }  # fmt: skip
    assert read_parts(acme, "group") == {"No group": (1, 2_000), "Sales": (3, 375)}
    assert read_parts(acme, "person") == {"Cleo": (1, 2_000), "Bob": (1, 300), "Ann": (2, 75)}
    assert read_parts(acme, "gpt") == {"Handbook": (3, 2_305), "Letters": (1, 70)}
    assert read_parts(acme, "model") == {"offline": (1, 2_000), "small": (2, 305), "large": (1, 70)}
    assert read_parts(acme, "person", cost_centre="4100") == {"Ann": (2, 75)}
    assert read_parts(acme, "person", cost_centre="-") == {"Cleo": (1, 2_000)}
    assert read_parts(acme, "gpt", person=str(ann.pk), model="large") == {"Letters": (1, 70)}
    report = build_usage_report(acme, UsageQuery(NOVEMBER, step=Step.WEEK))
    assert report.people == 3
    assert [(period.start.day, period.last.day, sums.cost_micros) for period, sums in report.periods] == [
        (1, 1, 0), (2, 8, 75), (9, 15, 300), (16, 22, 0), (23, 29, 0), (30, 30, 2_000),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_all_dimensions_agree_with_the_events_however_often_the_job_ran() -> None:
    rng = random.Random(7)
    acme = create_owned_company()
    people = [add_new_member(acme, role="owner"), *(add_new_member(acme) for _number in range(4))]
    gpts = [GPTFactory.create(workspace=acme, owner=people[0]) for _number in range(3)]
    for name in "ABC":
        put_into_group(acme, name, rng.choice(["", "1", "2"]), *rng.sample(people, 2))
    expected: Counter[str] = Counter()

    def write_some() -> None:
        for _number in range(12):
            fields = {name: rng.randrange(10**7) for name in ("input_tokens", "output_tokens", "cost_micros")}
            # Late ones too: of days whose sums are written already.
            at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(30 * 86_400))
            use(rng.choice(people), acme, rng.choice(gpts), at, model_name=rng.choice("ab"), **fields)
            expected.update(answers=1, **fields)

    def check() -> None:
        for by in Dimension.values:
            for step in Step.values:
                report = build_usage_report(acme, UsageQuery(NOVEMBER, step=step, by=by))
                for found in (
                    [report.total],
                    [*(part.sums for part in report.parts), report.rest],
                    [sums for _period, sums in report.periods],
                ):
                    assert add(found) == expected
        with system_scope("tests"):
            lines = [
                line.sums
                for period in NOVEMBER.list_periods(Step.WEEK)
                for line in list_usage_lines(acme, UsageQuery(NOVEMBER), period)
            ]
        assert add(lines) == expected

    write_some()
    check()  # no sums yet, only events
    assert run_job() > 0
    assert run_job() == 0
    check()  # only sums
    write_some()
    check()  # both
    run_job()
    check()
    assert UsageDay.objects.filter(workspace_id=acme.pk).aggregate(Sum("answers")) == {"answers__sum": 24}


def add(found: Iterable[UsageSums]) -> Counter[str]:
    added: Counter[str] = Counter()
    for sums in found:
        added.update(vars(sums))
    return added


def run_job() -> int:
    return int(add_usage_to_sums.apply().get())


def test_a_report_reads_no_table_of_usage_whole_and_as_few_queries_as_with_one_row() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    query = UsageQuery(NOVEMBER, by="person", filters={"gpt": str(gpt.pk)})
    counts = []
    for user in (ann, owner, add_new_member(acme)):
        use(user, acme, gpt, NOW)
        with CaptureQueriesContext(connection) as queries:
            build_usage_report(acme, query)
        counts.append(len(queries))

    assert counts == [7, 7, 7]
    whole = list_whole_reads_of(lambda: build_usage_report(acme, query))
    assert not {name for name in whole if name.startswith(("gpts_usageevent", "gpts_usageday"))} - {
        "gpts_usagedaystate"
    }


def test_rows_beyond_a_hundred_are_added_up_in_one() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    for number in range(NAMED_ROWS + 2):
        use(owner, acme, gpt, NOW, model_name=f"m{number:03}", cost_micros=number)

    report = build_usage_report(acme, UsageQuery(NOVEMBER, by="model"))

    assert (len(report.parts), report.parts[0].label, report.parts[-1].label) == (NAMED_ROWS, "m101", "m002")
    assert (report.rest_count, report.rest.answers, report.rest.cost_micros) == (2, 2, 1)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "2026-11-09", "to": "2026-11-08"}, "to"),
        ({"from": "2025-01-01", "to": "2026-11-08"}, "to"),
        ({"from": "2026-11-09"}, "to"),
        ({"from": "9999-99-99", "to": "2026-11-08"}, "from"),
        ({"step": "year"}, "step"),
        ({"by": "content"}, "by"),
        ({"person": "Ann"}, "person"),
        ({"gpt": "9" * 40}, "gpt"),
        ({"lines": "person"}, "lines"),
        ({"group": "Sales"}, "group"),
        ({"model": "m" * 121}, "model"),
    ],
)
def test_bad_questions_are_refused(params: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_usage_query(params, today=TODAY)
    assert refusal.value.field == field


def test_periods_are_cut_at_the_ends_of_the_range() -> None:
    days = UsageRange(date(2026, 12, 30), date(2027, 2, 2))

    def show(step: str) -> list[str]:
        return [f"{period.start:%m%d}-{period.last:%m%d}" for period in days.list_periods(step)]

    assert show(Step.MONTH) == ["1230-1231", "0101-0131", "0201-0201"]
    assert show(Step.WEEK) == [
        "1230-0103", "0104-0110", "0111-0117", "0118-0124", "0125-0131", "0201-0201",
    ]  # fmt: skip
    assert len(show(Step.DAY)) == 34
    assert parse_usage_query({}, today=TODAY).range == UsageRange(date(2026, 10, 26), date(2026, 11, 25))


def test_the_page_leads_from_cost_centre_to_group_and_says_how_it_counts() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner, name="Handbook")
    group = put_into_group(acme, "Sales <b>", "4100", ann)
    use(ann, acme, gpt, NOW, cost_micros=1_500_000)
    client = sign_in(owner)

    first = client.get(f"/w/{acme.slug}/admin/usage").content.decode()
    deeper = client.get(f"/w/{acme.slug}/admin/usage?cost_centre=4100&by=group").content.decode()
    wrong = client.get(f"/w/{acme.slug}/admin/usage?from=2026-11-09&to=2026-11-08")
    empty = client.get(f"/w/{acme.slug}/admin/usage?cost_centre=none").content.decode()

    assert '<a href="?cost_centre=4100&amp;by=group"><bdi>4100</bdi></a>' in first
    assert '<td class="num">$1.50</td>' in first
    assert "Each person counts for one group and one cost centre" in first
    assert (
        f'<a href="?cost_centre=4100&amp;by=person&amp;group={group.pk}"><bdi>Sales &lt;b&gt;</bdi></a>'
        in deeper
    )
    assert wrong.status_code == 400
    assert "The last day lies before the first." in wrong.content.decode()
    assert "Nothing was used in these days" in empty


def test_ids_from_the_address_name_nobody_whom_the_workspace_did_not_pay_for() -> None:
    acme = create_owned_company()
    owner = add_new_member(acme, role="owner")
    stranger = UserFactory.create(display_name="Stranger of elsewhere")
    foreign = create_public_gpt(name="Secret plan")
    client = sign_in(owner)

    for query in (f"person={stranger.pk}", f"gpt={foreign.pk}", "person=99999999"):
        page = client.get(f"/w/{acme.slug}/admin/usage?{query}")
        assert page.status_code == 200
        assert "Stranger of elsewhere" not in page.content.decode()
        assert "Secret plan" not in page.content.decode()


def test_gpts_of_others_have_the_name_that_outsiders_see() -> None:
    acme = create_owned_company()
    ann = add_new_member(acme)
    foreign = create_public_gpt(name="Letter desk")
    GPT.objects.filter(pk=foreign.pk).update(name="Unannounced rebranding")
    use(ann, acme, foreign, NOW, cost_micros=5)

    assert read_parts(acme, Dimension.GPT) == {"Letter desk": (1, 5)}
    query = UsageQuery(NOVEMBER, by=Dimension.GPT)
    assert [line.gpt for line in list_usage_lines(acme, query, NOVEMBER)] == ["Letter desk"]


def test_the_api_gives_the_same_sums() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    use(ann, acme, gpt, NOW, cost_micros=7, input_tokens=2, output_tokens=3)
    headers = get_bearer_header(create_key(owner, "account", workspace=acme))
    path = f"/api/v1/workspaces/{acme.slug}/usage"

    found = Client().get(f"{path}?by=person&from=2026-11-24&to=2026-11-24&step=day", headers=headers).json()
    wrong = Client().get(f"{path}?by=words", headers=headers)

    sums = {"answers": 1, "input_tokens": 2, "output_tokens": 3, "cost_micros": 7}
    assert found == {
        "first_day": "2026-11-24",
        "last_day": "2026-11-24",
        "step": "day",
        "by": "person",
        "currency": "USD",
        "people": 1,
        "total": sums,
        "periods": [sums | {"first_day": "2026-11-24", "last_day": "2026-11-24"}],
        "parts": [sums | {"key": str(ann.pk), "name": "Ann"}],
        "rest": dict.fromkeys(sums, 0) | {"parts": 0},
    }
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "unknown_choice")


@pytest.mark.django_db(transaction=True)
def test_the_file_has_a_line_for_each_period_person_gpt_and_model_and_no_formula() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    User.objects.filter(pk=ann.pk).update(display_name='=HYPERLINK("x")')
    gpt = GPTFactory.create(workspace=acme, owner=owner, name="Handbook")
    put_into_group(acme, "Sales", "4100", ann)
    use(ann, acme, gpt, datetime(2026, 11, 3, tzinfo=UTC), cost_micros=1_234_567)
    use(ann, acme, gpt, datetime(2026, 11, 4, tzinfo=UTC), cost_micros=1)
    use(ann, acme, gpt, datetime(2026, 11, 9, tzinfo=UTC), cost_micros=2)
    query = UsageQuery(NOVEMBER)

    whole = read_file(stream_usage_csv(acme, query, user=owner))
    refused = read_file(stream_usage_csv(acme, query, user=ann))

    common = [str(ann.pk), '\'=HYPERLINK("x")', ann.email, "Sales", "4100", "Handbook", "offline"]
    assert whole[1:] == [
        ["2026-11-02", "2026-11-08", *common, "2", "80", "200", "1.234568", "USD", "1234568"],
        ["2026-11-09", "2026-11-15", *common, "1", "40", "100", "0.000002", "USD", "2"],
    ]
    assert refused[1:] == [["access_ended"]]


@pytest.mark.django_db(transaction=True)
def test_the_file_by_cost_centre_adds_up_people_and_has_no_formula() -> None:
    acme = create_owned_company()
    owner, ann, bob = add_new_member(acme, role="owner"), add_new_member(acme), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner, name="Handbook")
    Member.objects.filter(workspace=acme, user__in=(ann, bob)).update(cost_centre="-1+1")
    for person, day, cost in [(ann, 3, 1_234_567), (bob, 4, 1), (bob, 5, 1), (owner, 6, 7), (bob, 9, 2)]:
        use(person, acme, gpt, datetime(2026, 11, day, tzinfo=UTC), cost_micros=cost)
    query = UsageQuery(NOVEMBER, lines="cost_centre")

    weeks = read_file(stream_usage_csv(acme, query, user=owner))
    months = read_file(stream_usage_csv(acme, replace(query, step="month"), user=owner))
    refused = read_file(stream_usage_csv(acme, query, user=ann))
    page = sign_in(owner).get(f"/w/{acme.slug}/admin/usage?from=2026-11-01&to=2026-11-30").content.decode()

    assert "step=month&amp;lines=cost_centre" in page
    assert weeks[1:] == [
        ["2026-11-02", "2026-11-08", "", "1", "1", "40", "100", "0.000007", "USD", "7"],
        ["2026-11-02", "2026-11-08", "'-1+1", "2", "3", "120", "300", "1.234569", "USD", "1234569"],
        ["2026-11-09", "2026-11-15", "'-1+1", "1", "1", "40", "100", "0.000002", "USD", "2"],
    ]
    assert [row[2:5] for row in months[1:]] == [["", "1", "1"], ["'-1+1", "2", "4"]]
    assert (weeks[0][2:4], refused[1:]) == (["cost_centre", "people"], [["access_ended"]])


def read_file(response: StreamingHttpResponse) -> list[list[str]]:
    async def read() -> str:
        return "".join([part.decode("utf-8-sig") async for part in response])

    return list(csv.reader(io.StringIO(asyncio.run(read()))))


def test_a_download_is_recorded_and_members_get_none() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    path = f"/w/{acme.slug}/admin/usage"

    taken = sign_in(owner).get(f"{path}.csv?from=2026-11-01&to=2026-11-30&step=month&cost_centre=4100")
    refused = [sign_in(ann).get(f"{path}{tail}").status_code for tail in ("", ".csv")]

    assert taken["Content-Disposition"] == (
        f'attachment; filename="usage-{acme.slug}-2026-11-01-2026-11-30.csv"'
    )
    by_centre = sign_in(owner).get(f"{path}.csv?from=2026-11-01&to=2026-11-30&lines=cost_centre")
    event, second = AuditEvent.objects.filter(action="gpts.usage_exported").order_by("id")
    assert (event.actor_id, event.workspace_id) == (owner.pk, acme.pk)
    assert event.data == {
        "first_day": "2026-11-01", "last_day": "2026-11-30", "step": "month", "lines": "use",
        "filters": ["cost_centre"],
    }  # fmt: skip
    assert (second.data["lines"], second.data["filters"]) == ("cost_centre", [])
    assert by_centre["Content-Disposition"] == (
        f'attachment; filename="cost-centres-{acme.slug}-2026-11-01-2026-11-30.csv"'
    )
    assert refused == [403, 403]


def test_cost_centres_are_set_audited_and_checked() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    group = put_into_group(acme, "Sales", "", ann)
    Group.objects.filter(pk=group.pk).update(owner=ann)
    seat = Member.objects.get(workspace=acme, user=ann)
    pages: dict[Group | Member, str] = {
        group: f"/w/{acme.slug}/admin/groups/{group.pk}/cost-centre",
        seat: f"/w/{acme.slug}/admin/members/{seat.pk}/cost-centre",
    }
    headers = get_bearer_header(create_key(owner, "account", workspace=acme))

    for row, path in pages.items():
        # The owner of a group manages it, but not what the company is charged.
        assert sign_in(ann).post(path, {"cost_centre": "1"}).status_code == 403
        for bad in ("=1+1", "-", "x" * 21, "a\nb", "ä"):
            assert sign_in(owner).post(path, {"cost_centre": bad}).status_code == 400
        row.refresh_from_db()
        assert row.cost_centre == ""
        assert sign_in(owner).post(path, {"cost_centre": " 4100/A "}).status_code == 302
        api = path.replace("/w/", "/api/v1/workspaces/").replace("/admin/", "/")
        answer = Client().put(api, {"cost_centre": "4200"}, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"cost_centre": "4200"})
        row.refresh_from_db()
        assert row.cost_centre == "4200"
    events = AuditEvent.objects.filter(action__endswith="_cost_centre_set").order_by("pk")
    assert [(event.subject_type, event.data["changes"]) for event in events] == [
        (kind, {"cost_centre": change})
        for kind in ("workspaces.group", "workspaces.member")
        for change in (["", "4100/A"], ["4100/A", "4200"])
    ]


def test_people_who_left_are_named_without_a_group() -> None:
    acme = create_owned_company()
    owner, ann = add_new_member(acme, role="owner"), add_new_member(acme)
    gpt = GPTFactory.create(workspace=acme, owner=owner)
    put_into_group(acme, "Sales", "4100", ann)
    use(ann, acme, gpt, NOW, cost_micros=3)
    Member.objects.get(workspace=acme, user=ann).delete()

    assert read_parts(acme, "person") == {"Ann": (1, 3)}
    assert read_parts(acme, "cost_centre") == {"No cost centre": (1, 3)}
