"""Acts x ways to do them x states of a person: the state decides, not the way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import DomainError, NotFound
from gpts.assistants.access import access_chat
from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.chat.models import Conversation, SharedConversation
from gpts.chat.services.share_links import create_share_link
from marketplace.models import Listing, Rating
from marketplace.services.listings import restore_listing
from marketplace.services.publishing import set_workspace_publishing
from marketplace.tasks import follow_rules
from reviews.models import Appeal, Case, Decision, Notice, Report, Submission
from reviews.services.claims import claim_case
from reviews.services.notices import send_notice
from reviews.services.reports import file_report
from tests.support.api_client import ApiClient
from tests.support.factories.reviews import ReportInputFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.grouping import Cases
from tests.support.marketplace import make_finished_turn
from tests.support.pages import sign_in
from tests.support.reviews import AT, decide, make_gpt, make_listed_gpt, make_moderator, make_queued_case
from workspaces.acts import LEAVES_WORKSPACE, Act, check_act
from workspaces.models import User
from workspaces.policy import RULED
from workspaces.services.leaving import deactivate_user
from workspaces.services.policies import set_may_publish
from workspaces.services.suspension import resume_publishing, suspend_publishing

pytestmark = pytest.mark.django_db


# States ----------------------------------------------------------------------------------------------------


def stay_active(user: User) -> None:
    """Change nothing."""


def suspend(user: User) -> None:
    suspend_publishing(user_id=user.pk, by=None, at=AT)


def deactivate(user: User) -> None:
    deactivate_user(user=User.objects.get(pk=user.pk), by=None, at=AT)


def keep_inside(user: User) -> None:
    set_may_publish(workspace=user.personal_workspace, is_allowed=False, by=user, at=AT)


STATES: dict[str, Callable[[User], None]] = {
    "active": stay_active,
    "suspended": suspend,
    "deactivated": deactivate,
    "kept inside": keep_inside,
}
REFUSED: dict[Act, frozenset[str]] = {
    Act.BUILD: frozenset({"deactivated"}),
    Act.SHARE_INSIDE: frozenset({"deactivated"}),
    Act.SHARE_BY_LINK: frozenset({"suspended", "deactivated", "kept inside"}),
    Act.PUBLISH: frozenset({"suspended", "deactivated", "kept inside"}),
    Act.SHARE_CONVERSATION: frozenset({"suspended", "deactivated"}),
    Act.CHAT: frozenset({"deactivated"}),
    Act.REPORT: frozenset({"suspended", "deactivated"}),
    Act.RATE: frozenset({"suspended", "deactivated"}),
    Act.APPEAL: frozenset(),
    # The other acts that a policy rules: these workspaces have no rules about them.
    **{act: frozenset({"deactivated"}) for act in RULED if act not in LEAVES_WORKSPACE},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", Act)
def test_the_check_of_each_act_in_each_state(act: Act, state: str) -> None:
    user = UserFactory.create()
    STATES[state](user)
    allowed = True
    try:
        check_act(user, act, workspace_id=user.personal_workspace.pk)
    except DomainError:
        allowed = False
    assert allowed is (state not in REFUSED[act])


# Ways ------------------------------------------------------------------------------------------------------


@dataclass
class Place:
    """A person with what the acts need. Sessions and keys are from before the state changed."""

    user: User
    page: Client
    api: ApiClient
    gpt: GPT
    other: Listing
    waiting: Case
    moderator: User
    decision: Decision


def make_place() -> Place:
    user, moderator = UserFactory.create(display_name="Ann"), make_moderator()
    other = Listing.objects.get(
        gpt=make_listed_gpt(UserFactory.create(display_name="Other"), moderator, name="River Walks")
    )
    make_finished_turn(user, other)
    waiting = make_queued_case(make_gpt(user, name="Waiting Walks"))
    refused = make_queued_case(make_gpt(user, name="Refused Walks"))
    decision = decide(refused, moderator, "reject", policies=("quality",), reasoning="Too thin.")
    Notice.objects.filter(decision=decision).update(created_at=timezone.now())  # the window to object is open
    return Place(
        user=user,
        page=sign_in(user),
        api=ApiClient(user, scopes=["gpts:read", "gpts:write", "chat", "store:read"]),
        gpt=make_gpt(user),
        other=other,
        waiting=waiting,
        moderator=moderator,
        decision=decision,
    )


def share_by_page(place: Place) -> Any:
    return place.page.post(f"/build/{place.gpt.slug}/share/audience", {"audience": "link"})


def share_by_api(place: Place) -> Any:
    return place.api.post(f"gpts/{place.gpt.slug}/audiences/link", {"release_notes": ""})


def go_live_by_service(place: Place) -> Any:
    version = freeze_version(gpt=place.gpt, release_notes="", by=place.user, at=AT)
    set_live_version(gpt=place.gpt, version=version, audience="link", by=None, at=AT)


def submit_by_page(place: Place) -> Any:
    return place.page.post(f"/build/{place.gpt.slug}/share/submit", {"attested": "on"})


def submit_by_api(place: Place) -> Any:
    return place.api.post(f"gpts/{place.gpt.slug}/submissions", {"attested": True})


def approve_what_waits(place: Place) -> Any:
    return decide(place.waiting, place.moderator, "approve")


def report_by_page(place: Place) -> Any:
    body = {"category": "spam", "explanation": "It is spam.", "is_good_faith": "on"}
    return place.page.post(f"/g/{place.other.slug}/report", body)


def report_by_api(place: Place) -> Any:
    body = {"gpt": place.other.slug, "category": "spam", "explanation": "x", "is_good_faith": True}
    return place.api.post("reviews/reports", body)


def report_by_service(place: Place) -> Any:
    file_report(listing=place.other, given=ReportInputFactory.build(), by=place.user, at=AT)


def rate_by_page(place: Place) -> Any:
    return place.page.post(f"/g/{place.other.slug}/rating", {"stars": "4"})


def rate_by_api(place: Place) -> Any:
    return place.api.put(f"store/listings/{place.other.slug}/ratings/", {"stars": 4})


def duplicate_by_page(place: Place) -> Any:
    return place.page.post(f"/build/{place.gpt.slug}/duplicate")


def duplicate_by_api(place: Place) -> Any:
    return place.api.post(f"gpts/{place.gpt.slug}/duplicate", {})


def create_by_api(place: Place) -> Any:
    return place.api.post("gpts", {"name": "New one"})


def chat_by_service(place: Place) -> Any:
    access_chat(User.objects.get(pk=place.user.pk), place.other.slug)


def share_conversation(place: Place) -> Any:
    conversation = Conversation.objects.get(user=place.user)
    create_share_link(conversation=conversation, by=place.user, at=AT)


def appeal_by_page(place: Place) -> Any:
    return place.page.post(f"/reviews/decisions/{place.decision.pk}/appeal", {"text": "It is not thin."})


@dataclass(frozen=True)
class Way:
    act: Act
    do: Callable[[Place], Any]
    count: Callable[[Place], int]


def count_link(place: Place) -> int:
    return LiveVersion.objects.filter(gpt=place.gpt, audience="link").count()


def count_submissions(place: Place) -> int:
    return Submission.objects.filter(gpt=place.gpt).count()


WAYS = [
    Way(Act.SHARE_BY_LINK, share_by_page, count_link),
    Way(Act.SHARE_BY_LINK, share_by_api, count_link),
    Way(Act.SHARE_BY_LINK, go_live_by_service, count_link),
    Way(Act.PUBLISH, submit_by_page, count_submissions),
    Way(Act.PUBLISH, submit_by_api, count_submissions),
    Way(Act.PUBLISH, approve_what_waits, lambda place: Listing.objects.filter(publisher=place.user).count()),
    Way(Act.REPORT, report_by_page, lambda place: Report.objects.count()),
    Way(Act.REPORT, report_by_api, lambda place: Report.objects.count()),
    Way(Act.REPORT, report_by_service, lambda place: Report.objects.count()),
    Way(Act.RATE, rate_by_page, lambda place: Rating.objects.count()),
    Way(Act.RATE, rate_by_api, lambda place: Rating.objects.count()),
    Way(Act.BUILD, duplicate_by_page, lambda place: GPT.objects.filter(owner=place.user).count()),
    Way(Act.BUILD, duplicate_by_api, lambda place: GPT.objects.filter(owner=place.user).count()),
    Way(Act.BUILD, create_by_api, lambda place: GPT.objects.filter(owner=place.user).count()),
]


@pytest.mark.parametrize("state", STATES)
def test_each_way_keeps_to_the_check(state: str) -> None:
    """Refused: an error for whoever does it and nothing written. Allowed: exactly one row more."""
    cases = Cases()
    place = make_place()
    STATES[state](place.user)
    for way in WAYS:
        with cases.run(way.do.__name__):
            check_way(way, copy.deepcopy(place), is_refused=state in REFUSED[way.act])
    cases.check()


def check_way(way: Way, place: Place, *, is_refused: bool) -> None:
    before = way.count(place)
    answer: Any = None
    is_error = False
    try:
        answer = way.do(place)
    except DomainError:
        is_error = True
    changed = way.count(place) - before
    if is_refused:
        assert changed == 0
        # Pages that redirect say why in a message; a closed account is a visitor, who has to give a name.
        assert is_error or answer.status_code in (302, 400, 401, 403)
    else:
        assert (changed, is_error) == (1, False)


def test_a_refused_approval_decides_nothing() -> None:
    """The moderator reads why, and the case stays in hand."""
    place = make_place()
    claim = claim_case(case_id=place.waiting.pk, by=place.moderator, at=AT)
    suspend(place.user)
    body = {"claim_token": str(claim.token), "row_version": Case.objects.get(pk=place.waiting.pk).row_version,
            "outcome": "approve"}  # fmt: skip
    claim.expires_at = timezone.now() + timedelta(minutes=5)
    claim.save()

    page = sign_in(place.moderator).post(f"/moderation/cases/{place.waiting.pk}/decide", body)
    api = ApiClient(place.moderator, scopes=["reviews:work"])
    answer = api.post(f"reviews/cases/{place.waiting.pk}/decision", body)

    assert page.status_code == 403 and "Publishing is suspended for this builder" in page.content.decode()
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "builder_suspended")
    assert not Decision.objects.filter(case=place.waiting).exists()
    assert Case.objects.get(pk=place.waiting.pk).state == "claimed"


@pytest.mark.parametrize("state", STATES)
def test_chatting_and_conversation_links_by_state(state: str) -> None:
    place = make_place()
    STATES[state](place.user)
    refused = False
    try:
        chat_by_service(place)
    except NotFound:
        refused = True
    assert refused is (state in REFUSED[Act.CHAT])
    if state in REFUSED[Act.SHARE_CONVERSATION]:
        from_before = SharedConversation.objects.count()
        with pytest.raises(DomainError):
            share_conversation(place)
        assert SharedConversation.objects.count() == from_before


# What was shared before ------------------------------------------------------------------------------------


def share_link_of(user: User) -> GPT:
    gpt = make_gpt(user)
    version = freeze_version(gpt=gpt, release_notes="", by=user, at=AT)
    set_live_version(gpt=gpt, version=version, audience="link", by=user, at=AT)
    return gpt


def may_chat(reader: User, gpt: GPT) -> bool:
    try:
        access_chat(reader, gpt.slug)
    except NotFound:
        return False
    return True


def test_links_stop_with_a_suspension_and_come_back_with_its_end() -> None:
    ann, reader = UserFactory.create(display_name="Ann"), UserFactory.create(display_name="Reader")
    gpt = share_link_of(ann)
    assert may_chat(reader, gpt)
    suspend(ann)
    assert not may_chat(reader, gpt)
    assert may_chat(ann, gpt)  # their own work stays theirs
    resume_publishing(user_id=ann.pk, by=None, at=AT)
    assert may_chat(reader, gpt)


def test_links_stop_when_the_workspace_keeps_its_gpts_inside() -> None:
    ann, reader = UserFactory.create(display_name="Ann"), UserFactory.create(display_name="Reader")
    gpt = share_link_of(ann)
    client = sign_in(ann)
    place = ann.personal_workspace.slug
    assert client.post(f"/w/{place}/admin/settings/publishing", {}).status_code == 302
    assert not may_chat(reader, gpt)
    assert client.post(f"/w/{place}/admin/settings/publishing", {"may_publish": "on"}).status_code == 302
    assert may_chat(reader, gpt)


def test_links_of_a_closed_personal_account_stop() -> None:
    ann, reader = UserFactory.create(display_name="Ann"), UserFactory.create(display_name="Reader")
    gpt = share_link_of(ann)
    deactivate(ann)
    assert not may_chat(reader, gpt)


def test_listings_follow_the_policy_at_once_and_come_back() -> None:
    ann = UserFactory.create(display_name="Ann")
    listing = Listing.objects.get(gpt=make_listed_gpt(ann, make_moderator()))
    api = ApiClient(ann, scopes=["account"])
    path = f"workspaces/{ann.personal_workspace.slug}/sharing-policy"

    assert api("PATCH", path, {"may_publish": False}).json()["may_publish"] is False
    listing.refresh_from_db()
    assert (listing.state, listing.withdrawn_at is None) == ("delisted", False)
    assert Client().get(f"/g/{listing.slug}").status_code == 404

    assert api("PATCH", path, {"may_publish": True}).json()["may_publish"] is True
    listing.refresh_from_db()
    assert (listing.state, listing.withdrawn_at) == ("listed", None)
    assert LiveVersion.objects.filter(gpt=listing.gpt, audience="public").exists()


def test_the_job_follows_what_no_service_announces() -> None:
    """A closed account, or a policy that was changed in the database."""
    ann = UserFactory.create(display_name="Ann")
    listing = Listing.objects.get(gpt=make_listed_gpt(ann, make_moderator()))
    deactivate(ann)
    follow_rules()
    follow_rules()
    listing.refresh_from_db()
    assert (listing.state, listing.withdrawn_at is None) == ("delisted", False)
    User.objects.filter(pk=ann.pk).update(is_active=True)
    follow_rules()
    listing.refresh_from_db()
    assert listing.state == "listed"


def test_a_listing_that_moderation_took_out_does_not_come_back_with_the_policy() -> None:
    ann, mona = UserFactory.create(display_name="Ann"), make_moderator()
    listing = Listing.objects.get(gpt=make_listed_gpt(ann, mona))
    workspace = ann.personal_workspace
    set_workspace_publishing(workspace=workspace, is_allowed=False, by=ann, at=AT)
    case = Case.objects.create(
        kind="proactive", subject_type="listing", subject_id=str(listing.pk), gpt=listing.gpt, builder=ann,
        queue="reports", state="queued", opened_at=AT, due_at=AT,
    )  # fmt: skip
    decide(case, mona, "delist", policies=("misleading",), reasoning="It misleads.")
    set_workspace_publishing(workspace=workspace, is_allowed=True, by=ann, at=AT)
    listing.refresh_from_db()
    assert (listing.state, listing.withdrawn_at) == ("delisted", None)


def test_restoring_waits_while_the_publisher_may_not_publish() -> None:
    ann = UserFactory.create(display_name="Ann")
    listing = Listing.objects.get(gpt=make_listed_gpt(ann, make_moderator()))
    set_workspace_publishing(workspace=ann.personal_workspace, is_allowed=False, by=ann, at=AT)
    Listing.objects.filter(pk=listing.pk).update(withdrawn_at=None)  # as if moderation had taken it out
    listing.refresh_from_db()
    restored = restore_listing(listing=listing, by=None, at=AT)
    assert (restored.state, restored.withdrawn_at) == ("delisted", AT)
    set_workspace_publishing(workspace=ann.personal_workspace, is_allowed=True, by=ann, at=AT)
    listing.refresh_from_db()
    assert listing.state == "listed"


# Objecting with a closed account ---------------------------------------------------------------------------


def test_a_closed_account_objects_with_the_link_of_its_mail(mailoutbox: list[Any]) -> None:
    """The key opens this decision for this person only, and only once the account is closed."""
    place = make_place()
    notice = Notice.objects.get(decision=place.decision, recipient=place.user)
    send_notice(notice_id=notice.pk, at=AT)
    mail = mailoutbox[-1].body
    link = next(word for word in mail.split() if "?key=" in word)
    path = "/reviews/" + link.partition("/reviews/")[2]
    assert "?key=" not in notice.body  # moderators read the stored body

    # With an open account the link asks to sign in, as a mail may be forwarded.
    assert Client().get(path).headers["Location"].startswith("/accounts/login/")
    deactivate(place.user)
    page = Client().get(path)
    assert page.status_code == 200 and "Too thin." in page.content.decode()
    filed = Client().post(path.replace("?", "/appeal?"), {"text": "It is not thin."})
    assert filed.status_code == 302
    appeal = Appeal.objects.get(decision=place.decision)
    assert (appeal.appellant, appeal.text) == (place.user, "It is not thin.")
    # Nothing else opens with it.
    key = path.partition("?key=")[2]
    assert Client().get(f"/settings/?key={key}").status_code == 302
    elsewhere = make_place().decision
    assert Client().get(f"/reviews/decisions/{elsewhere.pk}?key={key}").status_code == 302
    assert Client().get(path[:-2]).status_code == 302


def test_a_suspended_builder_signs_in_and_objects() -> None:
    place = make_place()
    suspend(place.user)
    assert appeal_by_page(place).status_code == 302
    assert Appeal.objects.filter(decision=place.decision).count() == 1
