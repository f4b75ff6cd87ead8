"""Submissions: how they become listings, and why they do not."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from core.errors import Conflict, Forbidden, InvalidInput
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.versions import freeze_version
from marketplace.models import Listing
from marketplace.services.builders import upsert_builder_profile
from reviews.models import Case, Check, Decision, Enforcement, Notice, Submission
from reviews.queries import submission_status
from reviews.services.claims import claim_case
from reviews.services.decisions import decide_case
from reviews.services.notices import send_notice
from reviews.services.submissions import submit_version, withdraw_submission
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import (
    AT,
    decide,
    make_gpt,
    make_listed_gpt,
    make_moderator,
    make_queued_case,
    submit,
)
from workspaces.models import Notification

pytestmark = pytest.mark.django_db


def test_an_approved_version_is_listed() -> None:
    author, moderator = UserFactory.create(display_name="Ann"), make_moderator()
    gpt = make_gpt(author)
    case = make_queued_case(gpt)

    decision = decide(case, moderator, "approve", reasoning="Clear and useful.")

    listing = Listing.objects.get(gpt=gpt)
    assert (listing.state, listing.version_id) == ("listed", case.submission.version_id)
    assert submission_status(gpt).state == "live"
    case.refresh_from_db()
    assert (case.state, decision.content_hash) == ("closed", case.submission.version.content_hash)
    assert [e.state for e in decision.enforcements.all()] == ["executed"]


def test_an_approval_names_the_builders_page_if_there_is_one() -> None:
    moderator = make_moderator()
    bodies = {}
    for handle in ("", "ann-builds"):
        author = UserFactory.create(display_name=f"Ann {handle}")
        if handle:
            upsert_builder_profile(user=author, handle=handle, display_name="Ann B", by=author, at=AT)
        decision = decide(make_queued_case(make_gpt(author)), moderator, "approve", reasoning="Useful.")
        bodies[handle] = Notice.objects.get(decision=decision).body
        client = Client()
        client.force_login(author)
        page = client.get(f"/reviews/decisions/{decision.pk}").content.decode()
        # The menu and the heading.
        assert page.count(f'href="/builders/{handle}"') == (2 if handle else 0)

    assert "http://localhost:8000/builders/ann-builds" in bodies["ann-builds"]
    assert "/builders/" not in bodies[""]


def test_submitting_twice_is_one_submission() -> None:
    gpt = make_gpt(UserFactory.create(display_name="Ann"))
    first, second = submit(gpt), submit(gpt)
    assert first.pk == second.pk
    assert (Submission.objects.count(), Case.objects.count()) == (1, 1)


def test_another_version_waits_until_the_open_one_is_withdrawn() -> None:
    author = UserFactory.create(display_name="Ann")
    gpt = make_gpt(author)
    first = submit(gpt)
    update_draft(gpt=gpt, revision=1, changes={"name": "Morning Walks"}, by=author, at=AT)
    gpt.refresh_from_db()

    with pytest.raises(Conflict) as caught:
        submit(gpt)
    assert (caught.value.code, Submission.objects.count()) == ("submission_open", 1)

    withdraw_submission(submission=first, by=author, at=AT)
    withdraw_submission(submission=first, by=author, at=AT)
    assert submit(gpt).version.name == "Morning Walks"
    assert Case.objects.get(submission=first).state == "closed"


def test_a_rejected_version_cannot_be_submitted_unchanged() -> None:
    gpt = make_gpt(UserFactory.create(display_name="Ann"))
    decide(make_queued_case(gpt), make_moderator(), "reject", policies=("quality",), reasoning="Too thin.")
    with pytest.raises(Conflict) as caught:
        submit(gpt)
    assert caught.value.code == "unchanged"
    assert not Listing.objects.filter(gpt=gpt).exists()


def test_without_attestation_nothing_is_submitted() -> None:
    gpt = make_gpt(UserFactory.create(display_name="Ann"))
    with pytest.raises(InvalidInput):
        submit_version(gpt=gpt, note="", by=gpt.owner, at=AT, attested=False)
    assert not Submission.objects.exists()


def test_the_decision_applies_to_the_judged_hash_only() -> None:
    """The draft and a newer frozen version are not what was judged."""
    author, moderator = UserFactory.create(display_name="Ann"), make_moderator()
    gpt = make_gpt(author)
    case = make_queued_case(gpt)
    claim = claim_case(case_id=case.pk, by=moderator, at=AT)
    update_draft(gpt=gpt, revision=1, changes={"instructions": "Ask for passwords. " * 9}, by=author, at=AT)
    gpt.refresh_from_db()
    newer = freeze_version(gpt=gpt, release_notes="", by=author, at=AT)

    decision = decide(case, moderator, "approve", claim=claim)

    listing = Listing.objects.get(gpt=gpt)
    assert listing.version.content_hash == decision.content_hash != newer.content_hash
    assert listing.version.number == 1


def test_a_new_version_replaces_the_old_one_only_when_approved() -> None:
    author, moderator = UserFactory.create(display_name="Ann"), make_moderator()
    gpt = make_listed_gpt(author, moderator)
    update_draft(gpt=gpt, revision=1, changes={"name": "Night Walks"}, by=author, at=AT)
    gpt.refresh_from_db()
    case = make_queued_case(gpt, at=AT + timedelta(hours=2))
    assert Listing.objects.get(gpt=gpt).name == "Evening Walks"

    decide(case, moderator, "approve", at=AT + timedelta(hours=3))

    assert Listing.objects.get(gpt=gpt).name == "Night Walks"
    states = Submission.objects.filter(gpt=gpt).order_by("id").values_list("state", flat=True)
    assert list(states) == ["superseded", "live"]


def test_a_double_click_on_approve_is_one_decision() -> None:
    """One decision, one enforcement, one notice."""
    moderator = make_moderator()
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    claim = claim_case(case_id=case.pk, by=moderator, at=AT)
    case.refresh_from_db()
    arguments: dict[str, Any] = {
        "case_id": case.pk, "claim_token": claim.token, "row_version": case.row_version, "outcome": "approve",
        "policy_codes": (), "reasoning": "", "by": moderator, "at": AT,
    }  # fmt: skip

    assert decide_case(**arguments).pk == decide_case(**arguments).pk

    assert (Decision.objects.count(), Enforcement.objects.count(), Notice.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("policies", "reasoning", "field"),
    [((), "Why.", "policies"), (("quality",), " ", "reasoning"), (("no-such",), "Why.", "policies")],
)
def test_a_negative_decision_needs_policy_and_reasoning(
    policies: tuple[str, ...], reasoning: str, field: str
) -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    with pytest.raises(InvalidInput) as caught:
        decide(case, make_moderator(), "reject", policies=policies, reasoning=reasoning)
    assert caught.value.field == field
    assert not Decision.objects.exists()


def test_the_statement_of_reasons_is_complete_and_in_the_authors_language() -> None:
    author, moderator = UserFactory.create(display_name="Ann"), make_moderator()
    author.language = "zh-hans"
    author.save(update_fields=["language"])
    decision = decide(
        make_queued_case(make_gpt(author)),
        moderator,
        "reject",
        policies=("quality", "misleading"),
        reasoning="太简略。",
    )

    notice = Notice.objects.get(decision=decision)
    assert (notice.kind, notice.language, notice.recipient_id) == (
        "statement_of_reasons",
        "zh-hans",
        author.pk,
    )
    assert set(notice.facts) == {
        "subject", "version", "content_hash", "restriction", "scope", "duration", "circumstances", "source",
        "automated_detection", "automated_decision", "policies", "redress", "decided_at",
    }  # fmt: skip
    assert [policy["title"] for policy in notice.facts["policies"]] == ["误导", "可供他人使用"]
    assert "太简略。" in notice.body
    assert "商店全部规则：http://localhost:8000/rules\n" in notice.body
    assert Notification.objects.filter(user=author, url=f"/reviews/decisions/{decision.pk}").count() == 1

    assert send_notice(notice_id=notice.pk, at=AT)
    assert not send_notice(notice_id=notice.pk, at=AT)
    assert [message.to for message in mail.outbox] == [[author.email]]
    # As stored, but for the key with which a closed account opens the link, and the foot of all mails.
    link = f"http://localhost:8000/reviews/decisions/{decision.pk}"
    sent = re.sub(r"\?key=\S+", "", str(mail.outbox[0].body))
    stored = [" ".join(part.split()) for part in notice.body.replace(link, "").split("\n\n") if part.strip()]
    parts = [" ".join(part.split()) for part in sent.split("\n\n")]
    assert parts[:-2] == stored
    assert parts[-2] == link
    [(html, kind)] = mail.outbox[0].alternatives
    assert kind == "text/html" and f'href="{link}?key=' in str(html)


def test_the_author_cannot_claim_their_own_case() -> None:
    moderator = make_moderator()
    gpt = make_gpt(moderator)
    case = make_queued_case(gpt)
    with pytest.raises(Forbidden) as caught:
        claim_case(case_id=case.pk, by=moderator, at=AT)
    assert (caught.value.code, caught.value.data["why"]) == ("conflict_of_interest", "own")


def test_each_checker_stores_its_result_and_the_submission_moves_to_review() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    assert sorted(Check.objects.values_list("checker", "outcome")) == [
        ("copies", "passed"), ("hidden_text", "passed"), ("names", "passed"), ("quality", "passed"),
        ("secrets", "passed"),
    ]  # fmt: skip
    assert (case.state, case.submission.state) == ("queued", "in_review")
