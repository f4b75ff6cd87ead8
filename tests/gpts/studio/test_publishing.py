"""Approval inside a company: asked for, given for exactly one version, sent back, never one's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import Conflict, DomainError, Forbidden, IllegalTransition
from gpts.assistants.models import GPT, LiveVersion, PublishingRule, PublishRequest, Version
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.versions import clear_live_version
from gpts.assistants.states import (
    PUBLISH_MOVES,
    ApprovalNeed,
    Audience,
    PublishAction,
    PublishState,
    ShareRight,
    move_publish_request,
)
from gpts.studio.services.publishing import (
    approve_publish_request,
    ask_to_publish,
    set_publishing_rule,
    withdraw_publish_request,
)
from gpts.studio.services.sharing import share_draft
from gpts.studio.web.gpt_batches import apply_batch
from gpts.studio.web.share_approval import Approval, build_path
from marketplace.services.publishing import set_workspace_publishing
from reviews.models import Submission
from reviews.services.submissions import submit_version
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.models import Notification, User, Workspace
from workspaces.services.members import add_member

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def owner() -> User:
    return UserFactory.create(display_name="Olga")


@pytest.fixture
def admin() -> User:
    return UserFactory.create(display_name="Adam")


@pytest.fixture
def builder() -> User:
    return UserFactory.create(display_name="Bea")


@pytest.fixture
def company(owner: User, admin: User, builder: User) -> Workspace:
    company = create_company(
        owner, admin=admin, builder=builder, member=UserFactory.create(email="m@pub.test")
    )
    set_publishing_rule(workspace=company, need=ApprovalNeed.COMPANY, by=owner, at=NOW)
    return company


@pytest.fixture
def gpt(company: Workspace, builder: User) -> GPT:
    return make_gpt(company, builder)


def make_gpt(company: Workspace, owner: User) -> GPT:
    return GPTFactory.create(
        workspace=company,
        owner=owner,
        name="Tide Table",
        description="Tells tides.",
        instructions="Tell tides.",
    )


def edit(gpt: GPT, text: str) -> GPT:
    gpt.refresh_from_db()
    changes = {"instructions": text}
    update_draft(gpt=gpt, changes=changes, revision=gpt.draft_revision, by=gpt.owner, at=LATER)
    gpt.refresh_from_db()
    return gpt


def list_live(gpt: GPT) -> dict[str, int]:
    return dict(LiveVersion.objects.filter(gpt=gpt).values_list("audience", "version__number"))


def share(gpt: GPT, audience: str, by: User) -> Version:
    return share_draft(gpt=gpt, audiences=[audience], release_notes="", by=by, at=LATER)


@pytest.mark.parametrize("action", PublishAction.values)
@pytest.mark.parametrize("state", PublishState.values)
def test_only_an_open_request_moves(state: str, action: str) -> None:
    if state == PublishState.OPEN:
        assert move_publish_request(state, action) == PUBLISH_MOVES[action]
        return
    with pytest.raises(IllegalTransition) as refused:
        move_publish_request(state, action)
    assert refused.value.code == "already_answered"


def test_nothing_is_asked_by_default_and_only_of_what_the_rule_names(
    company: Workspace, owner: User, builder: User
) -> None:
    for need, stopped in (
        (ApprovalNeed.NONE, set()),
        (ApprovalNeed.OUTSIDE, {"link"}),
        (ApprovalNeed.COMPANY, {"unlisted", "workspace", "link"}),
    ):
        set_publishing_rule(workspace=company, need=need, by=owner, at=NOW)
        gpt = make_gpt(company, builder)
        for audience in ("shared", "unlisted", "workspace", "link"):
            if audience in stopped:
                with pytest.raises(Conflict) as refused:
                    share(gpt, audience, builder)
                assert refused.value.code == "approval_needed"
            else:
                share(gpt, audience, builder)
        assert set(list_live(gpt)) == {"shared", "unlisted", "workspace", "link"} - stopped
    PublishingRule.objects.all().delete()
    share(gpt, "workspace", builder)


def test_a_builder_asks_and_an_admin_approves_exactly_that_version(
    company: Workspace, gpt: GPT, builder: User, admin: User, owner: User
) -> None:
    mine, theirs = sign_in(builder), sign_in(admin)
    page, queue = f"/build/{gpt.slug}/share", f"/w/{company.slug}/admin/publishing"
    said = mine.post(f"{page}/audience", {"audience": "workspace"}, follow=True).content.decode()
    assert "wants another person to look at it first" in said
    assert list_live(gpt) == {}
    shown = mine.get(page).content.decode()
    assert "Needs approval by another person first." in shown
    assert "Olga" in shown
    said = mine.post(
        f"{page}/ask", {"audience": "workspace", "note": "For the harbour."}, follow=True
    ).content.decode()
    assert "Asked about version 1." in said
    again = mine.post(f"{page}/ask", {"audience": "workspace"}, follow=True).content.decode()
    assert "Exactly this waits for approval already." in again
    assert mine.get(queue).status_code == 403
    titles = Notification.objects.filter(kind="gpts.publishing_asked").values_list(
        "user__display_name", "title"
    )
    assert sorted(titles) == [
        ("Adam", "Bea asks to share Tide Table"),
        ("Olga", "Bea asks to share Tide Table"),
    ]
    edit(gpt, "Tell tides and lies.")
    assert "The draft was edited since." in mine.get(page).content.decode()
    listed = theirs.get(queue).content.decode()
    assert "For the harbour." in listed
    asked = PublishRequest.objects.get()
    one = theirs.get(f"{queue}/{asked.pk}").content.decode()
    assert "Not run on this version." in one
    assert theirs.post(f"{queue}/{asked.pk}", {"act": "maybe"}).status_code == 400
    done = theirs.post(f"{queue}/{asked.pk}", {"act": "approve"}, follow=True).content.decode()
    assert "Approved. Version 1 is live." in done
    assert list_live(gpt) == {"workspace": 1}
    second = theirs.post(f"{queue}/{asked.pk}", {"act": "send_back", "reason": "No, not so."})
    assert second.status_code == 409
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by, asked.answer) == ("approved", admin, "")
    told = Notification.objects.filter(kind="gpts.publishing_answered")
    assert [(one.user, one.title) for one in told] == [(builder, "Tide Table is approved and shared")]
    # What was edited meanwhile needs a new approval; what was approved may be shared again.
    with pytest.raises(Conflict) as refused:
        share(gpt, "workspace", builder)
    assert refused.value.code == "approval_needed"
    edit(gpt, "Tell tides.")
    assert share(gpt, "workspace", builder).number == 1
    assert list_live(gpt) == {"workspace": 1}


def test_what_is_sent_back_says_why_and_may_be_asked_anew(
    company: Workspace, gpt: GPT, builder: User, admin: User
) -> None:
    mine, theirs = sign_in(builder), sign_in(admin)
    page, queue = f"/build/{gpt.slug}/share", f"/w/{company.slug}/admin/publishing"
    asked = ask_to_publish(gpt=gpt, audience="workspace", note="", by=builder, at=NOW)
    assert theirs.post(f"{queue}/{asked.pk}", {"act": "send_back", "reason": " "}).status_code == 400
    asked.refresh_from_db()
    assert asked.state == "open"
    theirs.post(f"{queue}/{asked.pk}", {"act": "send_back", "reason": "Name the source."})
    shown = mine.get(page).content.decode()
    assert "Version 1 was sent back" in shown
    assert "Name the source." in shown
    assert list_live(gpt) == {}
    edit(gpt, "Tell tides with their source.")
    first = ask_to_publish(gpt=gpt, audience="workspace", note="", by=builder, at=NOW)
    edit(gpt, "Tell tides with their source and day.")
    newer = ask_to_publish(gpt=gpt, audience="workspace", note="", by=builder, at=LATER)
    first.refresh_from_db()
    assert (first.state, newer.state, newer.version.number) == ("superseded", "open", 3)
    mine.post(f"{page}/ask/{newer.pk}")
    newer.refresh_from_db()
    assert newer.state == "withdrawn"
    assert theirs.post(f"{queue}/{newer.pk}", {"act": "approve"}).status_code == 409
    assert list_live(gpt) == {}


def test_nobody_decides_about_their_own(company: Workspace, owner: User, admin: User, builder: User) -> None:
    own = make_gpt(company, owner)
    by_owner = ask_to_publish(gpt=own, audience="workspace", note="", by=owner, at=NOW)
    by_admin = ask_to_publish(gpt=own, audience="link", note="", by=admin, at=NOW)
    for asked, decider in ((by_owner, owner), (by_admin, admin), (by_admin, owner)):
        with pytest.raises(Forbidden) as refused:
            approve_publish_request(request=asked, by=decider, at=LATER)
        assert refused.value.code == "own_request"
    assert list_live(own) == {}
    assert {row.state for row in PublishRequest.objects.all()} == {"open"}
    approve_publish_request(request=by_owner, by=admin, at=LATER)
    assert list_live(own) == {"workspace": 1}


def test_the_store_comes_after_the_company(company: Workspace, gpt: GPT, builder: User, admin: User) -> None:
    def submit() -> Submission:
        return submit_version(gpt=gpt, note="", by=builder, at=LATER)

    with pytest.raises(Conflict) as refused:
        submit()
    assert refused.value.code == "approval_needed"
    asked = ask_to_publish(gpt=gpt, audience="public", note="", by=builder, at=NOW)
    approve_publish_request(request=asked, by=admin, at=LATER)
    assert list_live(gpt) == {}
    edit(gpt, "Tell other tides.")
    with pytest.raises(Conflict):
        submit()
    assert not Submission.objects.exists()
    edit(gpt, "Tell tides.")
    shown = sign_in(builder).get(f"/build/{gpt.slug}/share").content.decode()
    assert "Your company has approved exactly this draft." in shown
    assert submit().version.number == 1


def test_an_approval_opens_nothing_that_the_rules_refuse_by_then(
    company: Workspace, gpt: GPT, builder: User, admin: User, owner: User
) -> None:
    asked = ask_to_publish(gpt=gpt, audience="link", note="", by=builder, at=NOW)
    set_workspace_publishing(workspace=company, is_allowed=False, by=owner, at=NOW)

    answer = sign_in(admin).post(f"/w/{company.slug}/admin/publishing/{asked.pk}", {"act": "approve"})

    assert answer.status_code == 403
    asked.refresh_from_db()
    assert (asked.state, asked.decided_at) == ("open", None)
    assert list_live(gpt) == {}
    with pytest.raises(DomainError):
        ask_to_publish(gpt=edit(gpt, "Anew."), audience="link", note="", by=builder, at=NOW)
    assert PublishRequest.objects.count() == 1


def test_a_draft_that_changed_since_it_was_read_is_not_shared(
    company: Workspace, gpt: GPT, builder: User, admin: User
) -> None:
    asked = ask_to_publish(gpt=gpt, audience=Audience.WORKSPACE, note="", by=builder, at=NOW)
    approve_publish_request(request=asked, by=admin, at=NOW)
    clear_live_version(gpt=gpt, audience=Audience.WORKSPACE, by=builder, at=NOW)
    read_before = GPT.objects.select_related("workspace", "language_model").get(pk=gpt.pk)
    edit(gpt, "Tell something else.")

    with pytest.raises(Conflict) as refusal:
        share(read_before, Audience.WORKSPACE, builder)
    with pytest.raises(Conflict):
        submit_version(gpt=read_before, release_notes="", note="", attested=True, by=builder, at=LATER)

    assert (refusal.value.code, list_live(gpt)) == ("approval_needed", {})


def test_stopping_ends_what_others_asked_for(
    company: Workspace, gpt: GPT, builder: User, admin: User
) -> None:
    editor = UserFactory.create()
    add_member(workspace=company, user=editor, role="builder", by=None, at=NOW)
    set_share(gpt=gpt, user=editor, right=ShareRight.EDIT, by=builder, at=NOW)
    first = ask_to_publish(gpt=gpt, audience=Audience.WORKSPACE, note="", by=builder, at=NOW)
    approve_publish_request(request=first, by=admin, at=NOW)
    edit(gpt, "Tell tides and winds.")
    asked = ask_to_publish(gpt=gpt, audience=Audience.WORKSPACE, note="", by=editor, at=NOW)

    clear_live_version(gpt=gpt, audience=Audience.WORKSPACE, by=builder, at=LATER)

    with pytest.raises(IllegalTransition):
        approve_publish_request(request=asked, by=admin, at=LATER)
    asked.refresh_from_db()
    assert (asked.state, list_live(gpt)) == (PublishState.SUPERSEDED, {})


def test_who_asked_takes_it_back_without_the_right_to_edit(
    company: Workspace, gpt: GPT, builder: User
) -> None:
    editor = UserFactory.create()
    add_member(workspace=company, user=editor, role="builder", by=None, at=NOW)
    set_share(gpt=gpt, user=editor, right=ShareRight.EDIT, by=builder, at=NOW)
    asked = ask_to_publish(gpt=gpt, audience=Audience.WORKSPACE, note="Please", by=editor, at=NOW)
    set_share(gpt=gpt, user=editor, right=ShareRight.VIEW, by=builder, at=NOW)
    client = ApiClient(editor, company, ("gpts:read", "gpts:write"))

    listed = client.get(f"gpts/{gpt.slug}/approvals")
    absent = client("DELETE", f"gpts/{gpt.slug}/approvals/{10**30}")
    taken = client("DELETE", f"gpts/{gpt.slug}/approvals/{asked.pk}")

    asked.refresh_from_db()
    assert (listed.status_code in (403, 404), "Please" in listed.content.decode()) == (True, False)
    assert absent.status_code == 404
    assert (taken.status_code, asked.state) == (204, PublishState.WITHDRAWN)


def test_a_batch_that_stops_sharing_ends_what_waits(
    company: Workspace, gpt: GPT, builder: User, admin: User
) -> None:
    asked = ask_to_publish(gpt=gpt, audience=Audience.WORKSPACE, note="", by=builder, at=NOW)
    set_publishing_rule(workspace=company, need=ApprovalNeed.NONE, by=admin, at=NOW)
    submission = submit_version(gpt=gpt, release_notes="", note="", attested=True, by=builder, at=NOW)

    apply_batch(workspace=company, gpts=[gpt], act="unpublish", by=admin, at=LATER)

    asked.refresh_from_db()
    submission.refresh_from_db()
    assert (asked.state, submission.state) == (PublishState.WITHDRAWN, "withdrawn")


def test_a_batch_does_not_go_round_it(company: Workspace, gpt: GPT, builder: User, admin: User) -> None:
    share(gpt, "shared", builder)

    def widen() -> list[bool]:
        done = apply_batch(
            workspace=company, gpts=[gpt], act="audience", audience="workspace", by=admin, at=LATER
        )
        return [one.is_done for one in done]

    assert widen() == [False]
    assert list_live(gpt) == {"shared": 1}
    approve_publish_request(
        request=ask_to_publish(gpt=gpt, audience="workspace", note="", by=builder, at=NOW), by=admin, at=LATER
    )
    assert widen() == [True]
    assert list_live(gpt) == {"workspace": 1}


def test_the_api_does_the_same(company: Workspace, gpt: GPT, builder: User, admin: User) -> None:
    mine = ApiClient(builder, scopes=("gpts:read", "gpts:write"), workspace=company)
    theirs = ApiClient(admin, scopes=("account",), workspace=company)
    queue = f"workspaces/{company.slug}/publishing"
    refused = mine.post(f"gpts/{gpt.slug}/audiences/workspace", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "approval_needed")
    made = mine.post(f"gpts/{gpt.slug}/approvals", {"audience": "workspace", "note": "Please."})
    assert (made.status_code, made.json()["state"], made.json()["version"]) == (201, "open", 1)
    waiting = theirs.get(queue).json()["items"]
    assert [(one["gpt"], one["note"], one["audience"]) for one in waiting] == [
        (gpt.slug, "Please.", "workspace")
    ]
    one = f"{queue}/{made.json()['id']}"
    assert theirs.post(one, {"decision": "send_back"}).json()["error"]["code"] == "reason_too_short"
    assert theirs.post(one, {"decision": "approve"}).json()["state"] == "approved"
    assert theirs.post(one, {"decision": "approve"}).status_code == 409
    assert list_live(gpt) == {"workspace": 1}
    assert [one["state"] for one in mine.get(f"gpts/{gpt.slug}/approvals").json()["items"]] == ["approved"]
    assert theirs.get(f"{queue}/rule").json() == {"need": "company"}
    assert theirs.put(f"{queue}/rule", {"need": "outside"}).json() == {"need": "outside"}
    public = mine.post(f"gpts/{gpt.slug}/approvals", {"audience": "public"}).json()["id"]
    assert mine("DELETE", f"gpts/{gpt.slug}/approvals/{public}").status_code == 204
    assert mine("DELETE", f"gpts/{gpt.slug}/approvals/{public}").status_code == 409
    not_needed = mine.post(f"gpts/{gpt.slug}/approvals", {"audience": "workspace"})
    assert not_needed.json()["error"]["code"] == "approval_not_needed"
    member = ApiClient(User.objects.get(email="m@pub.test"), scopes=("account",), workspace=company)
    assert member.get(queue).status_code == 403


def test_the_rule_is_set_on_the_page(company: Workspace, admin: User) -> None:
    page = sign_in(admin)
    place = f"/w/{company.slug}/admin/publishing"
    page.post(f"{place}/rule", {"need": "outside"})
    assert PublishingRule.objects.get().need == "outside"
    said = page.post(f"{place}/rule", {"need": "nonsense"}, follow=True).content.decode()
    assert "Choose who must agree." in said
    assert PublishingRule.objects.get().need == "outside"


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "approved", "decided_at": NOW, "decided_by": "asker"},
        {"state": "open", "decided_at": NOW},
        {"state": "withdrawn", "decided_at": None},
    ],
)
def test_the_database_refuses_a_request_that_cannot_be(
    company: Workspace, gpt: GPT, builder: User, wrong: dict[str, Any]
) -> None:
    asked = ask_to_publish(gpt=gpt, audience="workspace", note="", by=builder, at=NOW)
    if "decided_by" in wrong:
        wrong = wrong | {"decided_by": builder}
    with pytest.raises(IntegrityError), transaction.atomic():
        PublishRequest.objects.filter(pk=asked.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        PublishRequest.objects.create(
            workspace=company, gpt=gpt, version=asked.version, audience="workspace", requested_by=builder,
            requested_at=NOW,
        )  # fmt: skip
    withdraw_publish_request(request=asked, by=builder, at=LATER)


def version(number: int) -> LiveVersion:
    return LiveVersion(version=Version(number=number))


def approval(state: str = "", *, is_given: bool = False) -> Approval:
    request = PublishRequest(version=Version(number=3), state=state) if state else None
    return Approval(request=request, is_given=is_given, is_changed=False)


@pytest.mark.parametrize(
    ("approvals", "live", "refusal", "in_review", "states", "texts"),
    [
        ({}, {}, "", False, ["done", "current", "todo", "todo"], ["Submit it below; moderation decides."]),
        (
            {}, {"shared": 1}, "Forbidden by rule.", False,
            ["done", "done", "current", "todo"], ["Forbidden by rule."],
        ),
        (
            {"workspace": "open", "unlisted": "", "public": ""}, {"shared": 1}, "", False,
            ["done", "done", "current", "todo"],
            ["Version 3 waits for approval.", "Needs approval by another person first."],
        ),
        (
            {"workspace": "sent_back", "unlisted": "", "public": ""}, {}, "", False,
            ["done", "current", "todo", "todo"], ["Sent back: read why below."],
        ),
        (
            {"workspace": "given", "unlisted": "given", "public": "given"},
            {"workspace": 2, "shared": 2}, "", True,
            ["done", "done", "done", "current"], ["Version 2 is live.", "In review by moderation."],
        ),
        ({}, {"shared": 1, "workspace": 2, "public": 2}, "", False, ["done"] * 4, ["Version 2 is live."]),
        ({}, {"unlisted": 2}, "", False, ["done", "todo", "done", "current"], ["Version 2 is live."]),
        (
            {"workspace": "open", "unlisted": "given", "public": ""}, {"unlisted": 2}, "", False,
            ["done", "todo", "current", "todo"], ["Version 3 waits for approval."],
        ),
    ],
)  # fmt: skip
def test_the_path_says_what_comes_next(
    approvals: dict[str, str],
    live: dict[str, int],
    refusal: str,
    in_review: bool,
    states: list[str],
    texts: list[str],
) -> None:
    given = {
        Audience(name).value: approval("" if state == "given" else state, is_given=state == "given")
        for name, state in approvals.items()
    }

    path = build_path(
        given,
        {name: version(number) for name, number in live.items()},
        public_refusal=refusal,
        is_in_review=in_review,
    )

    assert [step["state"] for step in path] == states
    for text in texts:
        assert text in [step["text"] for step in path]
