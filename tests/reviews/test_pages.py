"""The pages of moderation for moderators, visitors and builders."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from core.look.illustrations import arch_icon
from gpts.assistants.services.icons import set_icon
from marketplace.models import Listing
from reviews.models import Case, Claim, Decision, Report
from reviews.services.claims import claim_case
from reviews.services.reports import file_report
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.reviews import decide, make_gpt, make_listed_gpt, make_moderator, make_queued_case
from tests.support.uploads import make_picture
from workspaces.models import Notification

pytestmark = pytest.mark.django_db


def test_only_moderators_reach_the_queue() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    for client in (Client(), sign_in(UserFactory.create(display_name="Bob"))):
        for path in ("/moderation/", f"/moderation/cases/{case.pk}", "/moderation/decisions"):
            assert client.get(path).status_code == 404
        for verb in ("claim", "decide", "renew", "release", "escalate", "take-over"):
            assert client.post(f"/moderation/cases/{case.pk}/{verb}").status_code == 404
    case.refresh_from_db()
    assert (case.state, Decision.objects.count(), Claim.objects.count()) == ("queued", 0, 0)


def test_a_notification_of_a_decision_is_a_title_and_a_link() -> None:
    moderator, ann = make_moderator(), UserFactory.create(display_name="Ann")
    case = make_queued_case(make_gpt(ann))

    decide(case, moderator, "approve")

    note = Notification.objects.get(user=ann)
    assert note.url.startswith("/reviews/decisions/")
    assert (note.body, "Evening Walks" in note.title) == ("", True)
    assert sign_in(ann).get(note.url).status_code == 200


def test_a_decision_may_open_the_next_case_of_the_same_filter() -> None:
    moderator = make_moderator()
    first, second = (make_queued_case(make_gpt(UserFactory.create(), name=name)) for name in ("One", "Two"))
    client = sign_in(moderator)

    def decide_and_go_on(case: Case) -> str:
        claim = claim_case(case_id=case.pk, by=moderator, at=timezone.now())
        case.refresh_from_db()
        form = {
            "claim_token": claim.token,
            "row_version": case.row_version,
            "outcome": "approve",
            "next": "1",
        }
        return client.post(f"/moderation/cases/{case.pk}/decide?queue={case.queue}", form).headers["Location"]

    assert decide_and_go_on(first).startswith(f"/moderation/cases/{second.pk}?")
    assert Claim.objects.get().case_id == second.pk
    assert decide_and_go_on(second).startswith("/moderation/?")
    assert Decision.objects.count() == 2
    assert not Claim.objects.exists()


def test_the_next_of_a_list_that_is_claimed_by_hand_is_opened_unclaimed() -> None:
    """Of "escalated" it is the next escalated one, though others wait, and of "mine" one's own."""
    moderator, now = make_moderator(), timezone.now()
    waiting, first, second = (
        make_queued_case(make_gpt(UserFactory.create(), name=name)) for name in ("Waiting", "One", "Two")
    )
    Case.objects.filter(pk__in=(first.pk, second.pk)).update(state="escalated")
    client = sign_in(moderator)

    def decide_and_go_on(case: Case, show: str) -> str:
        claim = claim_case(case_id=case.pk, by=moderator, at=now)
        case.refresh_from_db()
        form = {
            "claim_token": claim.token,
            "row_version": case.row_version,
            "outcome": "approve",
            "next": "1",
        }
        return client.post(f"/moderation/cases/{case.pk}/decide?show={show}", form).headers["Location"]

    assert decide_and_go_on(first, "escalated") == f"/moderation/cases/{second.pk}?show=escalated"
    assert not Claim.objects.exists()
    claim_case(case_id=waiting.pk, by=moderator, at=now)
    assert decide_and_go_on(second, "mine") == f"/moderation/cases/{waiting.pk}?show=mine"
    assert decide_and_go_on(waiting, "escalated") == "/moderation/?show=escalated"
    page = client.get("/moderation/?show=mine&queue=appeals").content.decode()
    assert '<input type="hidden" name="show" value="mine">' in page
    assert (
        client.post("/moderation/next", {"show": "escalated"}).headers["Location"]
        == "/moderation/?show=escalated"
    )
    assert not Claim.objects.exists()


def test_a_decision_stands_when_the_next_case_cannot_be_claimed() -> None:
    moderator = make_moderator()
    cases = [make_queued_case(make_gpt(UserFactory.create(), name=f"GPT {n}")) for n in range(5)]
    for case in cases[:4]:
        Claim.objects.create(
            case=case, moderator=moderator, token=uuid4(), acquired_at=timezone.now(),
            expires_at=timezone.now() + timedelta(minutes=5),
        )  # fmt: skip
        Case.objects.filter(pk=case.pk).update(state="claimed")
    first = Case.objects.get(pk=cases[0].pk)
    token = Claim.objects.get(case=first).token
    form = {"claim_token": token, "row_version": first.row_version, "outcome": "approve", "next": "1"}

    answer = sign_in(moderator).post(f"/moderation/cases/{first.pk}/decide", form)

    assert answer.headers["Location"] == "/moderation/"
    assert Decision.objects.count() == 1
    assert Case.objects.get(pk=cases[4].pk).state == "queued"


def test_from_the_queue_to_a_listing() -> None:
    moderator = make_moderator()
    gpt = make_gpt(UserFactory.create(display_name="Ann"))
    case = make_queued_case(gpt)
    client = sign_in(moderator)

    assert "Evening Walks" in client.get("/moderation/").content.decode()
    taken = client.post("/moderation/next")
    assert taken.headers["Location"] == f"/moderation/cases/{case.pk}"
    page = client.get(f"/moderation/cases/{case.pk}").content.decode()
    claim = Claim.objects.get(case=case)
    assert str(claim.token) in page
    assert "Ask how long they want to be out" in page

    case.refresh_from_db()
    sent = client.post(
        f"/moderation/cases/{case.pk}/decide",
        {"claim_token": claim.token, "row_version": case.row_version, "outcome": "approve"},
    )

    assert sent.status_code == 302
    assert Listing.objects.get(gpt=gpt).state == "listed"
    after = client.get(f"/moderation/cases/{case.pk}").content.decode()
    assert "approved and listed" in after


def test_a_stale_decision_shows_the_current_state_and_keeps_the_input() -> None:
    first, second = make_moderator("Mona"), make_moderator("Milo")
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    claim_case(case_id=case.pk, by=first, at=timezone.now())
    client = sign_in(second)

    answer = client.post(
        f"/moderation/cases/{case.pk}/decide",
        {
            "claim_token": "00000000-0000-0000-0000-000000000001",
            "row_version": "1",
            "outcome": "reject",
            "policies": ["quality"],
            "reasoning": "My long and careful reasoning.",
        },
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "My long and careful reasoning." in page
    assert "Mona" in page
    assert not Decision.objects.exists()


def test_markup_in_every_field_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    case = make_queued_case(
        make_gpt(
            UserFactory.create(display_name="Ann"),
            name=f"{evil}W",
            description=evil,
            instructions=evil * 3,
            starters=[f"{evil} go"],
        )
    )
    page = sign_in(make_moderator()).get(f"/moderation/cases/{case.pk}").content.decode()
    assert evil not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_heartbeat_renews_and_tells_when_the_claim_is_lost() -> None:
    moderator = make_moderator()
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    claim = claim_case(case_id=case.pk, by=moderator, at=timezone.now() - timedelta(minutes=9))
    client = sign_in(moderator)

    kept = client.post(f"/moderation/cases/{case.pk}/renew", {"claim_token": claim.token})
    claim.refresh_from_db()
    assert (kept.status_code, claim.expires_at > timezone.now() + timedelta(minutes=9)) == (200, True)

    Claim.objects.all().delete()
    lost = client.post(f"/moderation/cases/{case.pk}/renew", {"claim_token": claim.token})
    assert "Your claim has ended" in lost.content.decode()


@pytest.mark.parametrize("has_picture", [False, True])
def test_queue_and_case_show_the_drawn_icon_or_the_blurred_picture(has_picture: bool) -> None:
    author = UserFactory.create(display_name="Ann")
    gpt = make_gpt(author)
    if has_picture:
        gpt = set_icon(gpt=gpt, upload=make_picture(), by=author, at=timezone.now())
    case = make_queued_case(gpt)
    drawn = [str(arch_icon(gpt.name, "", gpt.category, size, gpt.slug)) for size in ("xs", "sm")]

    page = sign_in(make_moderator()).get(f"/moderation/cases/{case.pk}").content.decode()

    assert [icon in page for icon in drawn] == [not has_picture] * 2
    assert page.count('class="queue__icon"') == has_picture
    assert page.count("data-blurred") == has_picture


def test_a_visitor_reports_a_listing_and_sees_the_confirmation() -> None:
    gpt = make_listed_gpt(UserFactory.create(display_name="Ann"), make_moderator())
    client = Client()
    assert client.get(f"/g/{gpt.slug}/report").status_code == 200

    answer = client.post(
        f"/g/{gpt.slug}/report",
        {
            "category": "misleading",
            "explanation": "It says it is a doctor.",
            "name": "Vera",
            "email": "vera@example.test",
            "is_good_faith": "on",
        },
    )

    report = Report.objects.get()
    assert answer.status_code == 200
    assert str(report.pk) in answer.content.decode()
    assert (report.source, report.reporter_email, report.case.state) == (
        "visitor",
        "vera@example.test",
        "queued",
    )


def test_an_invalid_report_form_keeps_the_input() -> None:
    gpt = make_listed_gpt(UserFactory.create(display_name="Ann"), make_moderator())
    answer = Client().post(
        f"/g/{gpt.slug}/report",
        {"category": "spam", "explanation": "Only my words.", "name": "Vera", "email": "no"},
    )
    assert answer.status_code == 400
    assert "Only my words." in answer.content.decode()
    assert not Report.objects.exists()


def test_private_and_absent_gpts_cannot_be_told_apart_by_reporting() -> None:
    private = make_gpt(UserFactory.create(display_name="Ann"))
    client = sign_in(UserFactory.create(display_name="Bob"))
    answers = []
    for slug in (private.slug, "no-such-thing-abc123"):
        answer = client.post(
            f"/g/{slug}/report", {"category": "spam", "explanation": "x", "is_good_faith": "on"}
        )
        answers.append((answer.status_code, answer.content.decode().replace(slug, "SLUG")))
    assert answers[0][0] == 404
    assert _without_tokens(answers[0][1]) == _without_tokens(answers[1][1])


def _without_tokens(page: str) -> str:
    return re.sub(r'(X-CSRFToken": "|csrfmiddlewaretoken" value="|nonce=")[^"]+', "", page)


def test_the_author_reads_the_statement_and_appeals() -> None:
    author, moderator = UserFactory.create(display_name="Ann"), make_moderator()
    decision = decide(
        make_queued_case(make_gpt(author)),
        moderator,
        "reject",
        policies=("quality",),
        reasoning="Far too thin.",
        at=timezone.now(),
    )
    client = sign_in(author)
    page = client.get(f"/reviews/decisions/{decision.pk}").content.decode()
    assert "Far too thin." in page
    assert "Mona" not in page
    assert (
        sign_in(UserFactory.create(display_name="Eve")).get(f"/reviews/decisions/{decision.pk}").status_code
        == 404
    )

    answer = client.post(f"/reviews/decisions/{decision.pk}/appeal", {"text": "It is complete."})
    assert answer.status_code == 302
    assert "It is complete." in client.get(f"/reviews/decisions/{decision.pk}").content.decode()
    again = client.post(f"/reviews/decisions/{decision.pk}/appeal", {"text": "It is complete!"})
    assert (again.status_code, decision.appeals.count()) == (409, 1)


@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_takes_the_same_queries_for_one_case_and_for_three(
    count: int, django_assert_num_queries: Any
) -> None:
    moderator = make_moderator()
    for _unused in range(count):
        make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    client = sign_in(moderator)
    client.get("/moderation/")
    with django_assert_num_queries(QUEUE_QUERIES):
        client.get("/moderation/")
    assert Case.objects.count() == count


QUEUE_QUERIES = 9


@pytest.mark.parametrize("count", [1, 3])
def test_a_case_takes_the_same_queries_with_one_report_and_with_three(
    count: int, django_assert_num_queries: Any
) -> None:
    moderator = make_moderator()
    listing = Listing.objects.get(gpt=make_listed_gpt(UserFactory.create(display_name="Ann"), moderator))
    for _unused in range(count):
        file_report(
            listing=listing,
            given=ReportInputFactory.build(),
            by=UserFactory.create(display_name="Rita"),
            at=timezone.now(),
        )
    case = Case.objects.get(kind="report")
    client = sign_in(moderator)
    client.get(f"/moderation/cases/{case.pk}")
    with django_assert_num_queries(CASE_QUERIES):
        client.get(f"/moderation/cases/{case.pk}")


CASE_QUERIES = 25
