"""Bad input from draft to payout: each case ends in a clear message and a consistent database."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import Any

import httpx2
import pytest
from django.db.models import Sum
from django.utils import timezone

from config.celery import app
from core.periods import Period
from core.scope import system_scope
from gpts.assistants.models import GPT
from marketplace.models import Listing
from payouts.models import AccountingPeriod, Batch, JournalEntry, Payout, Posting, Statement, UsageRollup
from payouts.services import approve_close, close_period, propose_batch, verify_ledger
from reviews.models import Case, Claim, Decision, Enforcement, Submission
from reviews.services.claims import claim_case
from tests.fakes.openai_server import ModelServer
from tests.support.chat import create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.payouts import create_old_account, create_uses_in, get_closable_month
from tests.support.people import create_person
from tests.support.reviews import DRAFT, make_queued_case
from tests.support.services import WebService, WorkerService
from tests.support.waiting import wait_for
from tests.support.web_client import MakeWebClient
from workspaces.models import User


def send_concurrently(*clicks: Callable[[], httpx2.Response]) -> list[httpx2.Response]:
    """Send requests concurrently, each on its own connection."""
    with ThreadPoolExecutor(len(clicks)) as pool:
        return list(pool.map(lambda click: click(), clicks))


def post_twice(make_web_client: MakeWebClient, user: User, path: str, **fields: Any) -> list[httpx2.Response]:
    first, second = (make_web_client(user, follow_redirects=True) for _ in range(2))
    return send_concurrently(*(lambda one=one: one.http.post(path, data=fields) for one in (first, second)))


def get_hidden_field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"The page has no field {name}."
    return found[1]


def create_gpt(owner: User) -> GPT:
    with system_scope("tests"):
        return GPTFactory.create(owner=owner, **DRAFT)


# Fields ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Fill in this field"),
        ("   ", "Fill in this field"),
        ("x" * 51, "too long"),
        ("x" * 200_000, "too long"),
        ("A\x07bell", "character"),
    ],
    ids=["empty", "blank", "long", "enormous", "control"],
)
def test_an_invalid_name_is_refused_and_kept_in_the_form(
    make_web_client: MakeWebClient, name: str, message: str
) -> None:
    answer = make_web_client(create_person("Cleo"), follow_redirects=True).http.post(
        "/build/new", data={"name": name}
    )

    assert answer.status_code == 400
    assert message in answer.text
    assert escape(name) in answer.text
    assert not GPT.objects.exists()


def test_bidirectional_marks_are_removed_from_names(make_web_client: MakeWebClient) -> None:
    make_web_client(create_person("Cleo"), follow_redirects=True).http.post(
        "/build/new", data={"name": "Invoice\u202etxt\u200b.exe"}
    )

    assert GPT.objects.get().name == "Invoicetxt.exe"


def test_markup_in_names_is_escaped_everywhere(make_web_client: MakeWebClient) -> None:
    owner = create_person("<i>Cleo</i>")
    browser = make_web_client(owner, follow_redirects=True)
    name = "<script>alert(1)</script>"

    answer = browser.http.post("/build/new", data={"name": name})

    gpt = GPT.objects.get()
    assert gpt.name == name
    pages = [answer.text, browser.http.get("/build/").text, browser.http.get(f"/build/{gpt.slug}/share").text]
    for page in pages:
        assert name not in page
        assert escape(name) in page
        assert "<i>Cleo" not in page


def test_an_oversized_body_is_refused_with_a_message(make_web_client: MakeWebClient) -> None:
    owner = create_person("Cleo")
    gpt = create_gpt(owner)
    browser = make_web_client(owner, follow_redirects=True)

    too_long = browser.http.post(
        f"/build/{gpt.slug}/configure", data={"revision": 1, "instructions": "x" * 1_000_000}
    )
    too_large = browser.http.post(f"/build/{gpt.slug}/configure", data={"instructions": "x" * 6_000_000})

    assert (too_long.status_code, "too long" in too_long.text) == (400, True)
    assert too_large.status_code in (400, 413)
    assert "<h1" in too_large.text
    gpt.refresh_from_db()
    assert (gpt.instructions, gpt.draft_revision) == (DRAFT["instructions"], 1)


def test_another_persons_slug_is_not_found(make_web_client: MakeWebClient) -> None:
    gpt = create_gpt(create_person("Cleo"))
    stranger = make_web_client(create_person("Sten"), follow_redirects=True).http

    for path in ("configure", "share", "preview", "knowledge", "versions"):
        assert stranger.get(f"/build/{gpt.slug}/{path}").status_code == 404
        assert stranger.get(f"/build/no-such-gpt/{path}").status_code == 404
    assert stranger.post(f"/build/{gpt.slug}/share/submit", data={"attested": "on"}).status_code == 404
    assert stranger.post(f"/build/{gpt.slug}/delete", data={"confirmation": gpt.name}).status_code == 404

    assert not Submission.objects.exists()
    assert GPT.objects.get().deleted_at is None


# Concurrent requests ---------------------------------------------------------------------------------------


def test_a_double_click_on_submit_is_one_submission(make_web_client: MakeWebClient) -> None:
    owner = create_person("Cleo")
    gpt = create_gpt(owner)

    answers = post_twice(make_web_client, owner, f"/build/{gpt.slug}/share/submit", attested="on")

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("Version 1 was submitted" in answer.text for answer in answers)
    assert (Submission.objects.count(), Case.objects.count(), gpt.versions.count()) == (1, 1, 1)


def create_case() -> Case:
    with system_scope("tests"):
        return make_queued_case(create_gpt(create_person("Cleo")), at=timezone.now())


def test_a_double_click_on_approve_is_one_decision(make_web_client: MakeWebClient) -> None:
    case, moderator = create_case(), create_person("Mona", "moderator")
    with system_scope("tests"):
        claim = claim_case(case_id=case.pk, by=moderator, at=timezone.now())
    page = make_web_client(moderator, follow_redirects=True).http.get(f"/moderation/cases/{case.pk}").text
    assert get_hidden_field(page, "claim_token") == str(claim.token)

    answers = post_twice(
        make_web_client, moderator, f"/moderation/cases/{case.pk}/decide", outcome="approve",
        reasoning="Good.", claim_token=str(claim.token), row_version=get_hidden_field(page, "row_version"),
    )  # fmt: skip

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (Decision.objects.count(), Enforcement.objects.count(), Listing.objects.count()) == (1, 1, 1)


def test_one_of_two_moderators_gets_the_case_and_the_other_a_message(make_web_client: MakeWebClient) -> None:
    case = create_case()
    people = [create_person("Mona", "moderator"), create_person("Milo", "moderator")]
    browsers = [make_web_client(person, follow_redirects=True).http for person in people]
    path = f"/moderation/cases/{case.pk}"

    answers = send_concurrently(*(lambda one=one: one.post(f"{path}/claim") for one in browsers))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    claim = Claim.objects.get()
    winner, loser = people if people[0] == claim.moderator else people[::-1]
    told = answers[people.index(loser)].text
    assert winner.display_name in told
    late = browsers[people.index(loser)].post(
        f"{path}/decide",
        data={"outcome": "reject", "policies": "quality", "reasoning": "My long reasoning.",
              "claim_token": "", "row_version": Case.objects.get().row_version},
    )  # fmt: skip
    assert late.status_code == 409
    assert "My long reasoning." in late.text
    assert not Decision.objects.exists()


# Money -----------------------------------------------------------------------------------------------------


@pytest.fixture
def month(server: WebService) -> Period:
    """Make a past month with usage that can be closed."""
    gpt = create_public_gpt(owner=create_person("Cleo"))
    month = get_closable_month(timezone.now())
    create_uses_in(month, gpt, create_person("Rita"))
    return month


@pytest.fixture
def financiers() -> tuple[User, User]:
    return create_person("Fina", "finance"), create_person("Fritz", "finance")


def test_a_month_closed_twice_is_closed_once(
    make_web_client: MakeWebClient, worker: WorkerService, month: Period, financiers: tuple[User, User]
) -> None:
    maker, checker = financiers
    path = f"/finance/periods/{month}"
    app.send_task("payouts.roll_up")
    wait_for(UsageRollup.objects.exists)

    started = post_twice(make_web_client, maker, f"{path}/start", confirmation=str(month))
    assert [answer.status_code for answer in started] == [200, 200]
    wait_for(lambda: AccountingPeriod.objects.get(month=str(month)).state == "review")
    row = AccountingPeriod.objects.get(month=str(month))
    assert row.runs.count() == 1
    digest = row.runs.get().digest
    approved = post_twice(make_web_client, checker, f"{path}/approve", confirmation=str(month), digest=digest)
    again = make_web_client(maker, follow_redirects=True).http.post(
        f"{path}/start", data={"confirmation": str(month)}
    )

    assert [answer.status_code for answer in approved] == [200, 200]
    row.refresh_from_db()
    assert (row.state, row.runs.count(), Statement.objects.count()) == ("closed", 1, 1)
    assert row.transitions.filter(after="closed").count() == 1
    assert "closed" in again.text
    assert Posting.objects.aggregate(sum=Sum("amount_minor"))["sum"] == 0
    assert verify_ledger() == []


def test_a_double_click_on_export_is_one_file(
    make_web_client: MakeWebClient, month: Period, financiers: tuple[User, User]
) -> None:
    maker, checker = financiers
    create_old_account(GPT.objects.get().owner, by=maker)
    now = timezone.now()
    with system_scope("tests"):
        close_period(period=month, by=maker, at=now)
        approve_close(period=month, by=checker, at=now)
        batch = propose_batch(currency="USD", by=maker, at=now)
    path, phrase = f"/finance/batches/{batch.pk}", f"batch {batch.pk}"

    approved = post_twice(make_web_client, checker, f"{path}/approve", confirmation=phrase)
    files = post_twice(make_web_client, maker, f"{path}/export", confirmation=phrase, format="csv")

    assert [answer.status_code for answer in approved] == [200, 200]
    assert files[0].headers["content-type"].startswith("text/csv")
    assert files[0].content == files[1].content
    assert Batch.objects.get().state == "exported"
    assert Payout.objects.get().state == "exported"
    assert JournalEntry.objects.filter(kind__contains="payout").count() <= 1
    assert verify_ledger() == []


def test_money_does_not_move_without_the_typed_confirmation(
    make_web_client: MakeWebClient, month: Period, financiers: tuple[User, User]
) -> None:
    answer = make_web_client(financiers[0], follow_redirects=True).http.post(
        f"/finance/periods/{month}/start", data={"confirmation": "yes"}
    )

    assert "Nothing was done" in answer.text
    assert not AccountingPeriod.objects.filter(state="calculating").exists()


# The worker is down ----------------------------------------------------------------------------------------


def test_without_a_worker_chats_and_submissions_work_and_jobs_run_later(
    make_web_client: MakeWebClient,
    instance_provider: ModelServer,
    running_services: dict[str, Any],
    request: Any,
) -> None:
    if worker := running_services.pop("WorkerService", None):
        worker.stop()
    reader, owner = create_person("Rita"), create_person("Cleo")
    public = create_public_gpt(owner=owner)
    waiting = create_gpt(owner)

    events = make_web_client(reader, follow_redirects=True).say(
        f"/g/{public.slug}/chat/turns", "Is anybody there " * 10
    )
    submitted = make_web_client(owner, follow_redirects=True).http.post(
        f"/build/{waiting.slug}/share/submit", data={"attested": "on"}
    )

    assert events[-1].data["state"] == "finished"
    assert "Version 1 was submitted" in submitted.text
    assert Case.objects.get().state == "open"
    assert not UsageRollup.objects.exists()
    request.getfixturevalue("worker")
    for job in ("payouts: roll up usage", "reviews: run waiting checks"):
        app.send_task(app.conf.beat_schedule[job]["task"])
    wait_for(lambda: Case.objects.get().state == "queued")
    wait_for(UsageRollup.objects.exists)
    assert UsageRollup.objects.aggregate(sum=Sum("messages"))["sum"] == 1
