"""The table of all GPTs of a company: filters, orders, words about access, figures, batches, CSV, API."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict, InvalidInput
from core.models import AuditEvent
from core.pagination import paginate
from core.scope import system_scope
from gpts.assistants.gpt_filters import NONE, ORDER_COLUMNS, GPTFilter, GPTOrder, read_gpt_filter
from gpts.assistants.models import GPT, GPTTransfer, LiveVersion
from gpts.assistants.queries.gpt_table import describe_access, list_company_gpts, list_gpt_filters
from gpts.assistants.services.gpt_filters import MAX_FILTERS, save_gpt_filter
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.metering.models import UsageDay
from gpts.metering.services.gpt_use import count_gpt_use
from gpts.studio.web.gpt_table_files import stream_gpt_table
from marketplace.models import Listing
from marketplace.services.listings import publish_listing
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.jobs import run_enqueued_jobs
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Group, Member, User, Workspace

pytestmark = pytest.mark.django_db

TODAY = NOW.date()


class Stage:
    def __init__(self) -> None:
        self.boss = UserFactory.create(display_name="Boss")
        self.owner = UserFactory.create(display_name="Owen")
        self.heir = UserFactory.create(display_name="Hera")
        self.company: Workspace = create_company(self.boss, builder=self.owner)
        MemberFactory.create(workspace=self.company, user=self.heir, role="builder", by=self.boss)
        self.url = f"/w/{self.company.slug}/admin/gpts"

    def make(self, name: str, *audiences: str, owner: User | None = None, **fields: Any) -> GPT:
        gpt = GPTFactory.create(owner=owner or self.owner, workspace=self.company, name=name, **fields)
        if audiences:
            version = VersionFactory.create(gpt=gpt)
            for audience in audiences:
                set_live_version(gpt=gpt, version=version, audience=audience, by=gpt.owner, at=NOW)
        return gpt

    def find(self, **wanted: str) -> list[str]:
        chosen = read_gpt_filter(wanted)
        rows = list_company_gpts(self.company, chosen, today=TODAY)
        return [gpt.name for gpt in paginate(rows, order=ORDER_COLUMNS[chosen.order]).items]

    def apply(self, act: str, *gpts: GPT, **body: Any) -> list[dict[str, Any]]:
        client = ApiClient(self.boss, self.company, ("account",))
        answer = client.post(
            f"workspaces/{self.company.slug}/gpts/batch",
            {"act": act, "gpts": [gpt.slug for gpt in gpts], **body},
        )
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def list_audiences(gpt: GPT) -> set[str]:
    return set(LiveVersion.objects.filter(gpt=gpt).values_list("audience", flat=True))


def test_filters_and_orders(stage: Stage) -> None:
    leaver = UserFactory.create()
    seat = MemberFactory.create(workspace=stage.company, user=leaver, role="builder", by=stage.boss)
    alpha = stage.make("Alpha", "workspace")
    beta = stage.make("Beta", "link", owner=leaver)
    gamma = stage.make("Gamma", "shared", owner=stage.heir)
    delta = stage.make("delta 100%")
    seat.delete()
    team = Group.objects.create(workspace=stage.company, name="Team", created_at=NOW)
    set_share(gpt=gamma, right="chat", group=team, by=stage.boss, at=NOW)
    for number, gpt in enumerate((alpha, beta, gamma, delta)):
        GPT.objects.filter(pk=gpt.pk).update(
            recent_cost_micros=number * 7 % 4,
            recent_answers=number * 3 % 4,
            last_used_date=TODAY - timedelta(days=40 * number),
            updated_at=NOW - timedelta(days=number),
            created_at=NOW - timedelta(days=3 - number),
        )
    GPTFactory.create(name="Elsewhere")
    GPTFactory.create(owner=stage.owner, workspace=stage.company, name="Gone")
    GPT.objects.filter(name="Gone").update(deleted_at=NOW)

    assert {
        "updated": stage.find(),
        "used": stage.find(order="used"),
        "unused": stage.find(order="unused"),
        "cost": stage.find(order="cost"),
        "answers": stage.find(order="answers"),
        "created": stage.find(order="created"),
    } == {
        "updated": ["Alpha", "Beta", "Gamma", "delta 100%"],
        "used": ["Alpha", "Beta", "Gamma", "delta 100%"],
        "unused": ["delta 100%", "Gamma", "Beta", "Alpha"],
        "cost": ["Beta", "Gamma", "delta 100%", "Alpha"],
        "answers": ["Beta", "Gamma", "delta 100%", "Alpha"],
        "created": ["delta 100%", "Gamma", "Beta", "Alpha"],
    }
    assert set(stage.find(order="name")) == {"Alpha", "Beta", "Gamma", "delta 100%"}
    for wanted, names in (
        ({"owner": NONE}, ["Beta"]),
        ({"owner": str(stage.heir.pk)}, ["Gamma"]),
        ({"group": str(team.pk)}, ["Gamma"]),
        ({"audience": "workspace"}, ["Alpha"]),
        ({"audience": NONE}, ["delta 100%"]),
        ({"unused": "30"}, ["Beta", "Gamma", "delta 100%"]),
        ({"unused": "90"}, ["delta 100%"]),
        ({"q": "100%"}, ["delta 100%"]),
        ({"q": "ALPHA"}, ["Alpha"]),
        ({"model": "1"}, []),
    ):
        assert stage.find(**wanted) == names, wanted
    words = {
        gpt.name: describe_access(gpt) for gpt in list_company_gpts(stage.company, GPTFilter(), today=TODAY)
    }
    assert words == {
        "Alpha": ["Everyone in the workspace"],
        "Beta": ["Anyone with the link"],
        "Gamma": ["Team"],
        "delta 100%": ["Nobody: it is a draft"],
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("owner", "x"), ("owner", "9" * 20), ("group", "none"), ("model", "-1"), ("audience", "all"),
     ("unused", "7"), ("order", "people")],
)  # fmt: skip
def test_a_wrong_filter_is_refused_by_its_name(stage: Stage, name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read_gpt_filter({name: value})
    page = sign_in(stage.boss).get(stage.url, {name: value})

    assert refusal.value.field == name
    assert page.status_code == 400


def test_figures_come_from_the_sums_by_day_and_of_the_own_workspace(stage: Stage) -> None:
    used, other = stage.make("Used", "link"), stage.make("Other")
    outsider = UserFactory.create()
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    paid_elsewhere = (outsider.personal_workspace, outsider, 0, 60_000)
    own = [(stage.company, stage.heir, days, cost) for days, cost in ((1, 5), (27, 70), (28, 900), (300, 4))]
    with system_scope("tests"):
        for place, user, days, cost in (*own, paid_elsewhere):
            UsageDay.objects.create(
                workspace_id=place.pk, day=at.date() - timedelta(days=days), user_id=user.pk, gpt_id=used.pk,
                model_name="offline", answers=1, input_tokens=1, output_tokens=1, cost_micros=cost,
            )  # fmt: skip
    with system_scope("tests"):
        first, second = count_gpt_use(at=at), count_gpt_use(at=at)
        months_later = count_gpt_use(at=at + timedelta(days=100))

    used.refresh_from_db()
    other.refresh_from_db()
    assert (first, second, months_later) == (1, 0, 1)
    assert (used.recent_answers, used.recent_cost_micros, used.last_used) == (0, 0, date(2026, 3, 9))
    assert (other.recent_answers, other.recent_cost_micros, other.last_used) == (0, 0, None)
    with system_scope("tests"):
        count_gpt_use(at=at)
    used.refresh_from_db()
    assert (used.recent_answers, used.recent_cost_micros) == (2, 75)


def test_people_are_counted_from_five_on(stage: Stage) -> None:
    few, many = stage.make("Few"), stage.make("Many")
    GPT.objects.filter(pk=few.pk).update(recent_members=4, conversation_count=40)
    GPT.objects.filter(pk=many.pk).update(recent_members=5, conversation_count=41, has_min_group=True)
    client = ApiClient(stage.boss, stage.company, ("account",))

    items = client.get(f"workspaces/{stage.company.slug}/gpts?order=name").json()["items"]

    assert [(one["name"], one["members_28_days"], one["chats"]) for one in items] == [
        ("Few", None, None),
        ("Many", 5, 41),
    ]
    assert set(items[0]) == {
        "slug", "name", "owner", "audiences", "access", "model", "chats", "members_28_days",
        "answers_28_days", "cost_micros_28_days", "currency", "last_used", "is_quarantined", "created_at",
        "updated_at",
    }  # fmt: skip


def test_queries_do_not_grow_and_use_an_index(stage: Stage) -> None:
    client, counts = sign_in(stage.boss), []
    team = Group.objects.create(workspace=stage.company, name="Team", created_at=NOW)
    for count in (1, 3):
        while GPT.objects.filter(workspace=stage.company).count() < count:
            gpt = stage.make(f"GPT {GPT.objects.count()}", "workspace", "shared")
            set_share(gpt=gpt, right="edit", group=team, by=stage.boss, at=NOW)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(stage.url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gpts_gpt (name, description, instructions, starters, category, icon, capabilities,"
            " output_format, parallel_tool_calls, model_choice, allowed_models, answers_only_from_knowledge,"
            " no_answer_text, slug, draft_revision, conversation_count, has_min_group, created_at,"
            " updated_at, workspace_id, owner_id, recent_cost_micros, recent_answers, last_used_date)"
            " SELECT 'Many ' || n, '', '', '{}', 'other', '', '{}', 'text', true, 'any', '{}', false, '',"
            " 'many-' || n, 1, 0, false, %s, %s, %s, %s, n, n, '2026-01-01'::date + n %% 90"
            " FROM generate_series(1, 20000) n",
            [NOW, NOW, stage.company.pk, stage.owner.pk],
        )
        # Without fresh statistics the planner thinks of one row, and would sort it.
        cursor.execute("SET LOCAL enable_sort = off")
    used_indexes = {order: _find_indexes(stage, GPTFilter(order=order)) for order in GPTOrder.values}
    assert used_indexes == {
        "updated": {"gpts_gpt_workspace"},
        "used": {"gpts_gpt_by_use"},
        "unused": {"gpts_gpt_by_use"},
        "cost": {"gpts_gpt_by_cost"},
        "answers": {"gpts_gpt_by_answers"},
        "created": {"gpts_gpt_by_age"},
        "name": {"gpts_gpt_by_name"},
    }
    for wanted in (
        GPTFilter(owner=str(stage.heir.pk)),
        GPTFilter(owner=NONE),
        GPTFilter(unused="30", order="unused"),
        GPTFilter(audience="workspace"),
        GPTFilter(audience=NONE),
        GPTFilter(group=str(team.pk)),
        GPTFilter(model="1"),
        GPTFilter(q="many 19"),
    ):
        assert _find_indexes(stage, wanted), wanted


def _find_indexes(stage: Stage, wanted: GPTFilter) -> set[str]:
    """Return the indexes by which the rows of GPTs are found; asserts that none are read whole."""
    rows = list_company_gpts(stage.company, wanted, today=TODAY).order_by(*ORDER_COLUMNS[wanted.order])
    plan = rows[:51].explain()
    assert "Seq Scan on gpts_gpt" not in plan, plan
    assert "Sort" not in plan, plan
    return set(re.findall(r"(?:using|Bitmap Index Scan on) (gpts_gpt_\w+)", plan))


def test_saved_filters_are_the_persons_own(stage: Stage) -> None:
    client = sign_in(stage.boss)
    api = ApiClient(stage.boss, stage.company, ("account",))
    path = f"workspaces/{stage.company.slug}/gpt-filters"

    for query, name in (("unused=90&order=cost", "Old"), ("owner=none&junk=1", "orphans"), ("", "Old")):
        client.post(f"{stage.url}/filters", {"query": query, "name": name})
    refused = client.post(f"{stage.url}/filters", {"query": "", "name": " "})
    api.post(path, {"name": "By cost", "query": "order=cost"})

    saved = [
        {"name": "By cost", "query": "order=cost"},
        {"name": "Old", "query": ""},
        {"name": "orphans", "query": "owner=none"},
    ]
    assert refused.status_code == 302
    assert api.get(path).json() == saved
    assert list_gpt_filters(stage.company, stage.owner) == []
    api("DELETE", f"{path}/saved?name=Old")
    client.post(f"{stage.url}/filters", {"query": "", "name": "By cost", "delete": "1"})
    assert list_gpt_filters(stage.company, stage.boss) == saved[2:]
    for number in range(MAX_FILTERS - 1):
        save_gpt_filter(workspace=stage.company, name=f"n{number}", wanted=GPTFilter(), by=stage.boss)
    with pytest.raises(Conflict):
        save_gpt_filter(workspace=stage.company, name="One too many", wanted=GPTFilter(), by=stage.boss)
    assert len(Member.objects.get(workspace=stage.company, user=stage.boss).gpt_filters) == MAX_FILTERS


def test_a_batch_changes_audiences_and_says_what_became_of_each(stage: Stage) -> None:
    linked, draft = stage.make("A linked", "link", "workspace"), stage.make("B draft")
    public = stage.make("C public", "unlisted")
    publish_listing(gpt=public, version=VersionFactory.create(gpt=public), by=None, at=NOW)
    held, ready = stage.make("D held", "link"), stage.make("E ready", "workspace")
    GPT.objects.filter(pk=held.pk).update(quarantined_at=NOW)
    foreign = GPTFactory.create(name="Foreign")

    results = stage.apply("audience", linked, draft, public, held, ready, foreign, audience="workspace")

    assert [(one["name"], one["is_done"], one["text"]) for one in results] == [
        ("A linked", True, "Live for: Everyone in the workspace."),
        ("B draft", False, "Nothing of it is live: its owner shares the draft first."),
        ("C public", True, "Live for: Everyone in the workspace. It stays in the public store."),
        (
            "D held",
            False,
            "This GPT is quarantined by moderation and cannot be changed.",
        ),
        ("E ready", True, "Was so already."),
    ]
    assert [list_audiences(gpt) for gpt in (linked, draft, public, held, ready)] == [
        {"workspace"}, set(), {"workspace", "public"}, {"link"}, {"workspace"},
    ]  # fmt: skip
    assert AuditEvent.objects.filter(action="gpts.version_left", actor_id=stage.boss.pk).count() == 2


def test_a_batch_unpublishes_transfers_and_deletes(
    stage: Stage, django_capture_on_commit_callbacks: Any
) -> None:
    first, second = stage.make("First", "workspace"), stage.make("Second", owner=stage.heir)
    publish_listing(gpt=first, version=VersionFactory.create(gpt=first), by=None, at=NOW)

    stopped = stage.apply("unpublish", first, second)
    with django_capture_on_commit_callbacks(execute=True):
        given = stage.apply("transfer", first, second, to=stage.heir.email)
    run_enqueued_jobs()
    path = f"{stage.url}/batch"
    client = sign_in(stage.boss)
    body = {"act": "delete", "gpt": [first.slug, second.slug]}
    asked = client.post(path, body)
    wrong = client.post(path, body | {"confirmed": "1", "typed_count": "3"})
    before = GPT.objects.filter(workspace=stage.company, deleted_at__isnull=True).count()
    deleted = client.post(path, body | {"confirmed": "1", "typed_count": "2"})

    assert [one["text"] for one in stopped] == ["Live for nobody any more.", "Was live for nobody already."]
    assert list_audiences(first) == set()
    assert Listing.objects.get(gpt=first).state == "delisted"
    assert [one["text"] for one in given] == ["On its way to Hera.", "Hera already owns it."]
    assert GPT.objects.get(pk=first.pk).owner == stage.heir
    assert GPTTransfer.objects.get().gpt_ids == [first.pk]
    assert (asked.status_code, wrong.status_code, before) == (200, 400, 2)
    assert (deleted.context["done"], deleted.context["refused"]) == (2, 0)
    assert not GPT.objects.filter(workspace=stage.company, deleted_at__isnull=True).exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"act": "transfer", "to": "nobody@else.test"}, "to"),
        ({"act": "audience"}, "audience"),
        ({"act": "delete", "count": 2}, "typed_count"),
    ],
)
def test_a_batch_without_its_choice_changes_nothing(stage: Stage, body: dict[str, Any], field: str) -> None:
    gpt = stage.make("Kept", "workspace")
    client = ApiClient(stage.boss, stage.company, ("account",))

    answer = client.post(f"workspaces/{stage.company.slug}/gpts/batch", body | {"gpts": [gpt.slug]})

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    gpt.refresh_from_db()
    assert (gpt.deleted_at, gpt.owner, list_audiences(gpt)) == (None, stage.owner, {"workspace"})
    assert not GPTTransfer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_file_is_defused_filtered_and_ends_with_access(stage: Stage) -> None:
    stage.make("=1+1", "workspace")
    stage.make("Draft")
    wanted = GPTFilter(audience="workspace")

    rows = read_file(stream_gpt_table(stage.company, wanted, user=stage.boss, today=TODAY))
    refused = read_file(stream_gpt_table(stage.company, wanted, user=stage.owner, today=TODAY))
    answer = sign_in(stage.boss).get(f"{stage.url}/gpts.csv?audience=workspace")

    assert len(rows) == 2
    assert rows[1][1:] == [
        "'=1+1", "Owen", stage.owner.email, "yes", "Everyone in the workspace", "", "", "", "0", "0.000000",
        "USD", "", NOW.isoformat(), NOW.isoformat(), "no",
    ]  # fmt: skip
    assert refused[1:] == [["access_ended"]]
    assert answer["Content-Disposition"] == f'attachment; filename="gpts-{stage.company.slug}.csv"'


def test_downloads_of_the_table_are_in_the_audit_log(stage: Stage) -> None:
    stage.make("Contract helper", Audience.WORKSPACE)
    stage.make("Draft")
    client = ApiClient(stage.boss, stage.company, ("account",))

    assert sign_in(stage.boss).get(f"{stage.url}/gpts.csv?q=contract&audience=workspace").status_code == 200
    assert client.get(f"workspaces/{stage.company.slug}/gpts.csv").status_code == 200
    assert sign_in(stage.owner).get(f"{stage.url}/gpts.csv").status_code == 403

    events = AuditEvent.objects.filter(action="gpts.gpt_table_exported").order_by("pk")
    assert list(events.values_list("actor_id", "workspace_id", "data")) == [
        # What was searched for may be a name, so it is not kept.
        (stage.boss.pk, stage.company.pk, {"rows": 1, "filter": {"q": "", "audience": "workspace"}}),
        (stage.boss.pk, stage.company.pk, {"rows": 2, "filter": {}}),
    ]


def read_file(response: StreamingHttpResponse) -> list[list[str]]:
    async def read() -> str:
        return "".join([part.decode("utf-8-sig") async for part in response])

    return list(csv.reader(io.StringIO(asyncio.run(read()))))


def test_the_page_shows_names_owners_and_access(stage: Stage) -> None:
    stage.make("Contract helper", Audience.UNLISTED)
    client = sign_in(stage.boss)

    page = client.get(stage.url)
    colleague = sign_in(stage.owner).get(stage.url)

    text = page.content.decode()
    assert "Contract helper" in text
    assert "Owen" in text
    assert "Anyone in the workspace with the link" in text
    assert colleague.status_code == 403
