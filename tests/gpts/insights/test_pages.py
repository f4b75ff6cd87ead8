"""The Insights tab, its file and its API: what is shown, to whom, of which days, and in how many queries."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gpts.assistants.models import GPT, Version
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.insights.services.filling import fill_insights
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.providers import ensure_offline_provider
from gpts.llm.states import ProviderKind
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.insights import DAY, create_ended_turn, create_gpt_with_version, create_readers, get_time
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import User

pytestmark = pytest.mark.django_db
RANGE = f"?from={DAY.isoformat()}&to={(DAY + timedelta(days=40)).isoformat()}"


def url(gpt: GPT, query: str = "", name: str = "build-insights") -> str:
    return reverse(f"gpts:{name}", args=[gpt.slug]) + query


def use_it(gpt: GPT, version: Version, *, days: int = 2) -> list[User]:
    """Twelve people, every day; half of the questions find nothing; some fail; thumbs both ways."""
    crowd = create_readers(12)
    for day in range(days):
        for number, person in enumerate(crowd):
            create_ended_turn(
                person, gpt, version, day, score=0.9 if number < 6 else 0.0, thumb=number < 6, reason=""
            )
            if number < 6:
                create_ended_turn(person, gpt, version, day, code="provider_slow")
    return crowd


@pytest.fixture
def used() -> Iterator[GPT]:
    gpt, version = create_gpt_with_version()
    use_it(gpt, version)
    fill_insights(at=get_time(2))
    with time_machine.travel(get_time(2, hour=12), tick=False):
        yield gpt


def test_the_owner_sees_figures_each_with_a_table(used: GPT) -> None:
    html = sign_in(used.owner).get(url(used, "?days=7")).content.decode()
    for text in (
        "10–14",  # twelve people
        "Answers a day",
        "Provider was too slow",
        "Failed answers",
        "Questions without a passage",
        "Version 1",
        "33.3%",  # 12 of 36
        ">4 Mar 2026, 10:00</time>",
    ):
        assert text in html
    assert html.count('<svg class="insight-chart__svg"') == html.count("Show the figures") >= 6
    assert "style=" not in html and "<style" not in html
    assert "A question" not in html and "Reader 1" not in html


def test_the_stamp_is_in_the_readers_zone(used: GPT) -> None:
    used.owner.time_zone = "Asia/Shanghai"
    used.owner.save()
    assert ">4 Mar 2026, 18:00</time>" in sign_in(used.owner).get(url(used)).content.decode()


def test_without_enough_people_the_page_says_when_figures_come() -> None:
    gpt, version = create_gpt_with_version()
    client = sign_in(gpt.owner)
    for person in create_readers(4):
        create_ended_turn(person, gpt, version, 0, thumb=True)
    fill_insights(at=get_time(1))
    html = client.get(url(gpt)).content.decode()
    assert "Not enough people yet" in html and "on the day after the fifth person" in html
    assert "insight-chart" not in html and "insights.csv" not in html


def test_a_range_without_a_whole_period_says_so(used: GPT) -> None:
    html = sign_in(used.owner).get(url(used, "?from=2026-03-10&to=2026-03-12")).content.decode()
    assert "No whole period in these days" in html and "2 Mar 2026" in html


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("?days=1", "days", "Choose 7, 30 or 90 days."),
        ("?days=7e1", "days", "Choose 7, 30 or 90 days."),
        ("?from=2026-03-09&to=2026-03-01", "to", "The last day lies before the first."),
        ("?from=2025-01-01&to=2026-03-01", "to", "Choose at most 400 days."),
        ("?from=2026-02-30&to=2026-03-01", "from", "Write a date like 2026-03-31."),
        ("?from=0001-01-01&to=0001-01-03", "from", "Write a date like 2026-03-31."),
        ("?from=2026-03-01", "to", "Write a date like 2026-03-31."),
        ("?from=%3Cscript%3E&to=%3Cb%3E", "from", "Write a date like 2026-03-31."),
    ],
)
def test_a_range_that_cannot_be_is_said_everywhere(used: GPT, query: str, field: str, text: str) -> None:
    client = sign_in(used.owner)
    page = client.get(url(used, query))
    html = page.content.decode()
    assert page.status_code == 400 and text in html and "<script>&" not in html
    assert client.get(url(used, query, "build-insights-csv")).status_code == 400
    answer = ApiClient(used.owner, used.workspace)("GET", f"gpts/{used.slug}/insights{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_the_file_is_harmless_in_a_spreadsheet() -> None:
    """X07: a model may be called like a formula."""
    gpt, version = create_gpt_with_version()
    for person in create_readers(6):
        create_ended_turn(person, gpt, version, 0, model='=HYPERLINK("http://x.test")', code="")
        create_ended_turn(person, gpt, version, 0, code="+cmd")
    fill_insights(at=get_time(1))
    response = sign_in(gpt.owner).get(url(gpt, RANGE, "build-insights-csv"))
    assert response["Content-Disposition"] == (
        f'attachment; filename="{gpt.slug}-insights-2026-03-02-2026-04-11.csv"'
    )
    assert response["Cache-Control"] == "private, no-store"
    rows = list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))
    names = {row["name"] for row in rows}
    assert '\'=HYPERLINK("http://x.test")' in names and "'+cmd" in names
    assert not any(cell.startswith(("=", "+", "@", "-")) for row in rows for cell in row.values())
    turns = [row for row in rows if (row["section"], row["figure"]) == ("use", "turns")]
    assert [(row["from"], row["to"], row["value"]) for row in turns] == [("2026-03-02", "2026-03-02", "6")]


def test_the_api_gives_the_same_as_json_and_csv(used: GPT) -> None:
    caller = ApiClient(used.owner, used.workspace)
    found = caller("GET", f"gpts/{used.slug}/insights?days=7").json()
    assert {key: found[key] for key in ("first_day", "last_day", "people", "group_size")} == {
        "first_day": "2026-02-25", "last_day": "2026-03-03", "people": 10, "group_size": 5,
    }  # fmt: skip
    assert [(row["people"], row["turns"]) for row in found["use"]] == [(10, 12), (10, 12)]
    assert found["versions"] == [{"key": "1", "turns": 24, "tokens": 720, "cost_micros": 168}]
    assert found["failure_codes"] == [{"key": "provider_slow", "count": 12}]
    assert [(row["count"], row["whole"]) for row in found["failures"]] == [(6, 18), (6, 18)]
    assert [(row["count"], row["whole"]) for row in found["unanswered"]] == [(6, 12), (6, 12)]
    assert [(row["count"], row["whole"]) for row in found["thumbs"]] == [(6, 12), (6, 12)]
    assert found["unanswered_words"] is None and found["cohorts"] == []
    file = caller("GET", f"gpts/{used.slug}/insights?days=7&as=csv")
    page = sign_in(used.owner).get(url(used, "?days=7", "build-insights-csv"))
    assert file.content == page.content
    assert caller("GET", f"gpts/{used.slug}/insights?as=xlsx").json()["error"]["field"] == "as"


def test_who_may_look() -> None:
    """P07: the owner and a company's admins; to members and strangers there is no such page."""
    owner, admin, member = (
        UserFactory.create(display_name="Owner"),
        UserFactory.create(display_name="Admin"),
        UserFactory.create(display_name="Member"),
    )
    company = create_company(admin, builder=owner, member=member)
    gpt = GPTFactory.create(owner=owner, workspace=company)
    version = freeze_version(gpt=gpt, release_notes="", by=owner, at=NOW)
    set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=NOW, by=owner)
    for person in create_readers(6):
        create_ended_turn(person, gpt, version, 0, workspace=company)
    fill_insights(at=get_time(1))
    for person in (owner, admin):
        assert "Answers a day" in sign_in(person).get(url(gpt, RANGE)).content.decode()
    missing = sign_in(UserFactory.create()).get(reverse("gpts:build-insights", args=["no-such-gpt"]))
    for person in (member, UserFactory.create(display_name="Stranger")):
        client = sign_in(person)
        for name in ("build-insights", "build-insights-csv"):
            refused = client.get(url(gpt, RANGE, name))
            assert refused.status_code == missing.status_code == 404
            assert b"Answers" not in refused.content
        answer = ApiClient(person, None)("GET", f"gpts/{gpt.slug}/insights{RANGE}")
        assert answer.status_code == 404
    assert Client().get(url(gpt)).status_code == 302


def test_admins_who_can_read_are_not_counted() -> None:
    """Else the fifth of five could take their own use away."""
    admin, owner = UserFactory.create(display_name="Admin"), UserFactory.create(display_name="Owner")
    company = create_company(admin, builder=owner)
    gpt = GPTFactory.create(owner=owner, workspace=company)
    version = freeze_version(gpt=gpt, release_notes="", by=owner, at=NOW)
    for person in [*create_readers(4), admin, owner]:
        create_ended_turn(person, gpt, version, 0, workspace=company)
    fill_insights(at=get_time(1))
    assert "Not enough people yet" in sign_in(admin).get(url(gpt, RANGE)).content.decode()


def test_names_of_other_workspaces_models_stay_there() -> None:
    gpt, version = create_gpt_with_version()
    elsewhere = create_company(UserFactory.create())
    provider = ModelProvider.objects.create(
        workspace=elsewhere, name="Own", kind=ProviderKind.CHAT_COMPLETIONS, base_url="http://x.test",
        created_at=NOW,
    )  # fmt: skip
    LanguageModel.objects.create(
        provider=provider, name="merger-tuned", label="M", context_window=8_000, max_output_tokens=100
    )
    for person in create_readers(6):
        create_ended_turn(person, gpt, version, 0, model="merger-tuned")
    fill_insights(at=get_time(1))
    html = sign_in(gpt.owner).get(url(gpt, RANGE)).content.decode()
    assert "Models of other workspaces" in html and "merger" not in html


def test_the_page_takes_the_same_queries_for_one_period_and_for_three() -> None:
    ensure_offline_provider(at=NOW)
    counts = []
    for days in (1, 3):
        gpt, version = create_gpt_with_version()
        use_it(gpt, version, days=days)
        fill_insights(at=get_time(days))
        client: Any = sign_in(gpt.owner)
        client.get(url(gpt, RANGE))
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(url(gpt, RANGE))
        own = [query for query in found if "gpts_insight" in query["sql"]]
        counts.append((len(found), len(own)))
    assert counts[0] == counts[1]
    assert counts[0][1] == 7
