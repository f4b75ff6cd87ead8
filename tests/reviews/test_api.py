"""Moderation by API, and that only moderators' keys can use it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from marketplace.models import Listing
from reviews.models import Case, Decision, Report, Submission
from tests.support.factories.workspaces import UserFactory
from tests.support.reviews import AT, make_gpt, make_listed_gpt, make_moderator, make_queued_case
from workspaces.access import personal_workspace
from workspaces.models import User
from workspaces.services.api_keys import create_api_key

pytestmark = pytest.mark.django_db


class Api:
    """A client with one key."""

    def __init__(self, user: User, *scopes: str) -> None:
        _key, plain = create_api_key(
            user=user, workspace=personal_workspace(user), name="test", scopes=list(scopes), by=user, at=AT
        )
        self.client = Client(headers={"Authorization": f"Bearer {plain}"})

    def __call__(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        send = getattr(self.client, verb)
        answer = send(f"/api/v1/{path}", body or {}, content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None


def test_a_submission_becomes_a_listing_by_api() -> None:
    author, moderator = UserFactory.create(display_name="Ann"), make_moderator()
    gpt = make_gpt(author)
    theirs, ours = Api(author, "gpts:read", "gpts:write"), Api(moderator, "reviews:work")
    status, submitted = theirs("post", f"gpts/{gpt.slug}/submissions", {"attested": True})
    assert (status, submitted["state"]) == (201, "submitted")
    Case.objects.update(state="queued")
    Submission.objects.update(state="in_review")

    status, claim = ours("post", "reviews/queue/next")
    assert (status, claim["case"]) == (200, str(Case.objects.get().pk))
    status, case = ours("get", f"reviews/cases/{claim['case']}")
    assert (status, case["snapshot"]["instructions"]) == (200, gpt.instructions)
    body = {"claim_token": claim["token"], "row_version": case["row_version"], "outcome": "approve"}
    status, decision = ours("post", f"reviews/cases/{claim['case']}/decision", body)
    assert (status, decision["content_hash"]) == (201, case["content_hash"])

    assert Listing.objects.get(gpt=gpt).state == "listed"
    status, listing = theirs("get", "reviews/submissions")
    assert (status, [item["state"] for item in listing["items"]]) == (200, ["live"])


def test_a_negative_decision_without_policy_is_refused_with_the_field() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    ours = Api(make_moderator(), "reviews:work")
    _status, claim = ours("post", f"reviews/cases/{case.pk}/claim")
    body = {"claim_token": claim["token"], "row_version": claim["row_version"], "outcome": "reject"}
    status, answer = ours("post", f"reviews/cases/{case.pk}/decision", body | {"reasoning": "Thin."})
    assert (status, answer["error"]["field"], answer["error"]["code"]) == (400, "policies", "policy_missing")
    body["row_version"] -= 1
    status, answer = ours("post", f"reviews/cases/{case.pk}/decision", body)
    assert (status, answer["error"]["data"]["state"]) == (409, "claimed")
    assert not Decision.objects.exists()


def test_api_refuses_people_without_the_role_and_keys_without_the_scope() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    bob = make_moderator("Bob")
    stranger = Api(bob, "reviews:work")
    bob.staff_roles.all().delete()
    for verb, path in (
        ("get", "reviews/queue"),
        ("post", "reviews/queue/next"),
        ("get", f"reviews/cases/{case.pk}"),
        ("post", f"reviews/cases/{case.pk}/claim"),
        ("post", f"reviews/cases/{case.pk}/decision"),
    ):
        assert stranger(verb, path)[0] == 404
    assert Api(make_moderator(), "gpts:read")("get", "reviews/queue")[0] == 403
    case.refresh_from_db()
    assert case.state == "queued"


def test_reporting_private_and_absent_gpts_gives_the_same_answer() -> None:
    private = make_gpt(UserFactory.create(display_name="Ann"))
    reporter = Api(UserFactory.create(display_name="Rita"), "store:read")
    body = {"category": "spam", "explanation": "x", "is_good_faith": True}
    one = reporter("post", "reviews/reports", body | {"gpt": private.slug})
    two = reporter("post", "reviews/reports", body | {"gpt": "nothing-here-abc234"})
    assert one == two
    assert (one[0], Report.objects.count()) == (404, 0)


def test_the_api_receipt_of_a_report_reveals_nothing_else() -> None:
    gpt = make_listed_gpt(UserFactory.create(display_name="Ann"), make_moderator())
    body = {"gpt": gpt.slug, "category": "spam", "explanation": "Broken.", "is_good_faith": True}
    status, answer = Api(UserFactory.create(display_name="Rita"), "store:read")(
        "post", "reviews/reports", body
    )
    assert (status, set(answer)) == (201, {"id", "category", "state", "created_at"})


def test_another_persons_submission_is_not_found() -> None:
    case = make_queued_case(make_gpt(UserFactory.create(display_name="Ann")))
    eve = Api(UserFactory.create(display_name="Eve"), "gpts:read", "gpts:write")
    assert eve("get", f"reviews/submissions/{case.submission_id}")[0] == 404
    assert eve("delete", f"reviews/submissions/{case.submission_id}")[0] == 404
    case.refresh_from_db()
    assert case.state == "queued"
