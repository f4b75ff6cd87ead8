"""Marks of a private store, and GPTs that its admins block: pages, API and every way to use one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, InternalError, connection
from django.test import Client
from django.utils import timezone

from core.errors import Forbidden
from core.models import AuditEvent
from core.scope import Scope, open_scope, system_scope
from gpts.assistants.access import access_chat, access_gpt
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import list_visible_gpts
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.shares import set_share
from gpts.assistants.services.store_blocks import block_in_store, unblock_in_store
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.mentions import list_mentions
from gpts.chat.services.rechecks import RunningAnswer, find_turns_without_access
from marketplace.services.company_store import EntryDraft, SectionDraft, create_section
from marketplace.services.listings import publish_listing
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import scope_for
from workspaces.models import Group, GroupMember, Guest, Member, Notification, User, Workspace

pytestmark = pytest.mark.django_db
REASON = "It gives medical advice."
WORDS = f"has blocked this GPT in its store: {REASON}"


class Stage:
    """A company with a GPT of ``maker`` that is live for all members."""

    def __init__(self) -> None:
        names = ("boss", "maker", "member", "other", "guest", "lodger", "stranger")
        self.people: dict[str, User] = {name: UserFactory.create(display_name=name) for name in names}
        boss = self.people["boss"]
        self.company: Workspace = create_company(
            boss, builder=self.people["maker"], member=self.people["member"]
        )
        MemberFactory.create(workspace=self.company, user=self.people["other"], role="member", by=boss)
        self.gpt = self.make("Desk Doctor")

    def make(self, name: str, *audiences: Audience) -> GPT:
        gpt = GPTFactory.create(owner=self.people["maker"], workspace=self.company, name=name)
        version = VersionFactory.create(gpt=gpt)
        for audience in (Audience.WORKSPACE, *audiences):
            set_live_version(gpt=gpt, version=version, audience=audience, at=NOW)
        return gpt

    def admit_guest(self) -> None:
        """Admit a guest to whom the GPT is shared, and one to whom nothing is."""
        for name in ("guest", "lodger"):
            Guest.objects.create(
                workspace=self.company,
                user=self.people[name],
                created_at=NOW,
                expires_at=timezone.now() + timedelta(days=5),
            )
        set_live_version(gpt=self.gpt, version=self.gpt.versions.get(), audience=Audience.SHARED, at=NOW)
        set_share(gpt=self.gpt, right="chat", user=self.people["guest"], by=self.people["maker"], at=NOW)

    def may_chat(self, name: str, scope: Scope | None = None) -> bool | str:
        person = User.objects.get(pk=self.people[name].pk)
        with open_scope(scope or scope_for(person)):
            try:
                access_chat(person, self.gpt.slug)
            except Forbidden as refusal:
                return str(refusal.code) if WORDS in str(refusal.message) else str(refusal.message)
        return True


@pytest.fixture
def stage() -> Stage:
    return Stage()


def add_section(stage: Stage, kind: str, *gpts: GPT, group: Group | None = None) -> None:
    draft = SectionDraft(
        title=kind, entries=[EntryDraft(gpt.slug) for gpt in gpts], group_id=group.pk if group else None
    )
    create_section(workspace=stage.company, kind=kind, draft=draft, by=stage.people["boss"], at=NOW)


def test_marks_stand_on_cards_in_results_on_pages_and_in_the_api(stage: Stage) -> None:
    plain, group = (
        stage.make("Plain"),
        Group.objects.create(workspace=stage.company, name="Sales", created_at=NOW),
    )
    seat = Member.objects.get(workspace=stage.company, user=stage.people["member"])
    GroupMember.objects.create(group=group, member=seat)
    for_sales, both = stage.make("For Sales"), stage.make("Both")
    add_section(stage, "required", for_sales, both, group=group)
    add_section(stage, "recommended", both, stage.gpt)
    add_section(stage, "shelf", plain)
    block_in_store(gpt=stage.gpt, reason=REASON, by=stage.people["boss"], at=NOW)

    def read(name: str) -> dict[str, set[str]]:
        client = sign_in(stage.people[name])
        found: dict[str, set[str]] = {}
        for where in ("", "?q=a", "?q=o"):
            page = client.get(f"/w/{stage.company.slug}/{where}").content.decode()
            for card in re.findall(r"<article.*?</article>", page, re.S):
                title = re.search(r'listing-card__link" href="[^"]*">([^<]*)<', card)
                mark = re.search(r"listing-card__mark[^<]*<span[^>]*>([^<]*)<", card)
                assert title is not None
                found.setdefault(title[1], set()).add(mark[1] if mark else "")
        for gpt in (plain, for_sales, both, stage.gpt):
            page = client.get(f"/g/{gpt.slug}").content.decode().partition("about-promise")[0]
            marks = re.findall(r'badge badge--(?:warn|info|bad)">([^<]*)<', page)
            found[gpt.name].add(marks[0] if marks else "")
        api = ApiClient(stage.people[name], scopes=["store:read"], workspace=stage.company)
        for item in api.get(f"workspaces/{stage.company.slug}/store").json()["items"]:
            found[item["name"]].add(item["mark"].title())
        return found

    assert read("member") == {
        "Plain": {""}, "For Sales": {"Required"}, "Both": {"Required"}, "Desk Doctor": {"Blocked"},
    }  # fmt: skip
    assert read("other") == {
        "Plain": {""}, "For Sales": {""}, "Both": {"Recommended"}, "Desk Doctor": {"Blocked"},
    }  # fmt: skip


def test_a_blocked_gpt_is_of_no_use_inside_and_says_why(stage: Stage) -> None:
    stage.admit_guest()
    inside, member = ("boss", "maker", "member", "guest"), stage.people["member"]
    answers = [
        RunningAnswer(
            uuid4(), stage.people[name].pk, stage.gpt.pk, GPTAct.CHAT,
            (stage.people[name].personal_workspace.pk, *((stage.company.pk,) if name != "guest" else ())),
            stage.people[name].personal_workspace.pk,
        )
        for name in inside
    ]  # fmt: skip

    def see() -> tuple[list[bool | str], set[bool], int]:
        listed = set()
        for name in inside:
            person = User.objects.get(pk=stage.people[name].pk)
            with open_scope(scope_for(person)):
                listed.add(list_visible_gpts(person).filter(pk=stage.gpt.pk).exists())
                if name != "guest":
                    listed.add(
                        stage.gpt.name in {one.name for one in list_mentions(person, "Desk", in_store=())}
                    )
        ended = find_turns_without_access(answers, at=timezone.now())
        return [stage.may_chat(name) for name in inside], listed, len(ended)

    assert see() == ([True] * 4, {True}, 0)
    with open_scope(scope_for(stage.people["boss"])):
        block_in_store(gpt=stage.gpt, reason=REASON, by=stage.people["boss"], at=NOW)
    assert see() == (["gpt_blocked"] * 4, {False}, 4)
    for audience in (Audience.PUBLIC, Audience.LINK):
        set_live_version(gpt=stage.gpt, version=stage.gpt.versions.get(), audience=audience, at=NOW)
    assert see() == (["gpt_blocked"] * 4, {False}, 4)
    # Nor by the public version with a key of one's own workspace; outsiders keep what is in the store.
    personal = Scope(user_id=member.pk, workspace_ids=(member.personal_workspace.pk,))
    assert stage.may_chat("member", personal) == "gpt_blocked"
    assert stage.may_chat("stranger") is True
    with open_scope(scope_for(User.objects.get(pk=stage.people["maker"].pk))):
        for act in (GPTAct.TRY, GPTAct.EDIT):
            assert access_gpt(stage.people["maker"], stage.gpt.slug, to=act) == stage.gpt
    with open_scope(scope_for(stage.people["boss"])):
        unblock_in_store(gpt=stage.gpt, by=stage.people["boss"], at=NOW)
    assert see() == ([True] * 4, {True}, 0)


def test_the_block_of_a_public_gpt_ends_answers_of_all_whom_it_binds(stage: Stage) -> None:
    stage.admit_guest()
    for audience in (Audience.PUBLIC, Audience.LINK):
        set_live_version(gpt=stage.gpt, version=stage.gpt.versions.get(), audience=audience, at=NOW)
    # All of them by their own workspace: a guest has no other, a member may use a key of it.
    answers = {
        name: RunningAnswer(
            uuid4(), person.pk, stage.gpt.pk, GPTAct.CHAT,
            (person.personal_workspace.pk,), person.personal_workspace.pk,
        )
        for name, person in stage.people.items()
    }  # fmt: skip

    def see() -> tuple[set[str], set[str], set[str]]:
        at, going_on, admitted, listed = timezone.now(), set(), set(), set()
        ended = find_turns_without_access(answers.values(), at=at)
        for name, answer in answers.items():
            # Alone too: others of the same round must not be what lets a person be seen.
            assert (answer.turn_id in ended) == bool(find_turns_without_access([answer], at=at)), name
            going_on |= set() if answer.turn_id in ended else {name}
            person = User.objects.get(pk=answer.user_id)
            with open_scope(Scope(user_id=person.pk, workspace_ids=answer.workspace_ids)):
                listed |= {name for _one in list_visible_gpts(person).filter(pk=stage.gpt.pk)}
            admitted |= {name} if stage.may_chat(name) is True else set()
        return going_on, admitted, listed

    everybody = set(stage.people)
    assert see() == (everybody, everybody, everybody)
    with open_scope(scope_for(stage.people["boss"])):
        block_in_store(gpt=stage.gpt, reason=REASON, by=stage.people["boss"], at=NOW)
    assert see() == ({"stranger"}, {"stranger"}, {"stranger"})
    # Whose time as a guest has ended is like anybody outside.
    Guest.objects.filter(user=stage.people["guest"]).update(ended_at=NOW)
    Guest.objects.filter(user=stage.people["lodger"]).update(expires_at=timezone.now())
    outside = {"guest", "lodger", "stranger"}
    assert see() == (outside, outside, outside)


def test_the_public_page_of_an_own_gpt_has_the_form_for_its_admins(stage: Stage) -> None:
    boss, member = sign_in(stage.people["boss"]), sign_in(stage.people["member"])
    stranger, slug = sign_in(stage.people["stranger"]), stage.gpt.slug
    publish_listing(gpt=stage.gpt, version=stage.gpt.versions.get(), by=stage.gpt.owner, at=NOW)
    place = f"/w/{stage.company.slug}/admin/store"

    def read(client: Any) -> str:
        return client.get(f"/g/{slug}").content.decode()

    shown = read(boss)
    assert "rating-list" in shown and f'action="{place}/blocks"' in shown
    assert f'href="{place}"' in shown
    for other in (read(member), read(stranger), read(Client())):
        assert "Block this GPT" not in other and place not in other

    answer = boss.post(f"{place}/blocks", {"gpt": slug, "reason": REASON, "back": "about"})
    assert answer["Location"] == f"/g/{slug}"
    blocked = read(boss)
    assert "Lift the block" in blocked and REASON in blocked
    assert "Lift the block" not in read(member)
    assert "Start chat" in read(stranger)
    boss.post(f"{place}/blocks/{slug}/lift", {"back": "about"})
    assert "Block this GPT" in read(boss)


def test_an_admin_blocks_from_the_page_and_the_owner_is_told(stage: Stage) -> None:
    boss, member, slug = sign_in(stage.people["boss"]), sign_in(stage.people["member"]), stage.gpt.slug
    place = f"/w/{stage.company.slug}/admin/store"
    assert "Block this GPT" in boss.get(f"/g/{slug}").content.decode()
    assert "Block this GPT" not in member.get(f"/g/{slug}").content.decode()
    foreign = GPTFactory.create(owner=stage.people["stranger"])
    for body, status in (
        ({"gpt": slug, "reason": "  "}, 400), ({"gpt": foreign.slug, "reason": REASON}, 404),
        ({"gpt": "\x00", "reason": REASON}, 400), ({"gpt": slug, "reason": "x" * 301}, 400),
    ):  # fmt: skip
        assert boss.post(f"{place}/blocks", body).status_code == status
    assert member.post(f"{place}/blocks", {"gpt": slug, "reason": REASON}).status_code == 403
    assert not GPT.objects.filter(blocked_at__isnull=False).exists()

    done = boss.post(f"{place}/blocks", {"gpt": slug, "reason": f" {REASON} ", "back": "about"})
    assert (done.status_code, done.headers["Location"]) == (302, f"/g/{slug}")
    for client in (boss, member):
        page = client.get(f"/g/{slug}").content.decode()
        assert WORDS in page
        assert "Start chat" not in page
    assert REASON in boss.get(place).content.decode()
    told = Notification.objects.get(user=stage.people["maker"])
    assert (told.title, told.body) == (f"Desk Doctor is blocked in the store of {stage.company.name}", REASON)
    assert member.get(f"/g/{slug}/chat").status_code == 403
    assert boss.post(f"{place}/blocks/{slug}/lift").headers["Location"] == place
    assert "Start chat" in member.get(f"/g/{slug}").content.decode()
    again = Notification.objects.filter(user=stage.people["maker"]).latest("pk")
    assert again.title == f"Desk Doctor is in the store of {stage.company.name} again"
    actions = (
        AuditEvent.objects.filter(action__contains="block").order_by("pk").values_list("action", "actor")
    )
    assert list(actions) == [
        ("gpts.gpt_blocked", stage.people["boss"].pk), ("gpts.gpt_unblocked", stage.people["boss"].pk),
    ]  # fmt: skip
    assert REASON not in str(list(AuditEvent.objects.values_list("data", "reason")))


def test_the_api_blocks_lists_and_lifts(stage: Stage) -> None:
    admin = ApiClient(stage.people["boss"], scopes=["account"], workspace=stage.company)
    mine = ApiClient(stage.people["member"], scopes=["account"], workspace=stage.company)
    base = f"workspaces/{stage.company.slug}/store/blocks"
    body = {"gpt": stage.gpt.slug, "reason": REASON}
    assert mine.post(base, body).status_code == mine.get(base).status_code == 403
    assert admin.post(base, body | {"gpt": "none"}).json()["error"]["code"] == "gpt_not_found"
    made = admin.post(base, body)
    assert (made.status_code, made.json()["gpt"], made.json()["reason"]) == (201, stage.gpt.slug, REASON)
    at = made.json()["blocked_at"]
    assert admin.post(base, body | {"reason": "Ask the doctor."}).json()["blocked_at"] == at
    assert [one["reason"] for one in admin.get(base).json()["items"]] == ["Ask the doctor."]
    assert mine("DELETE", f"{base}/{stage.gpt.slug}").status_code == 403
    assert [admin("DELETE", f"{base}/{stage.gpt.slug}").status_code for _twice in range(2)] == [204, 204]
    assert admin.get(base).json()["items"] == []
    own = GPTFactory.create(owner=stage.people["boss"])
    with system_scope("tests"), pytest.raises(Forbidden):
        block_in_store(gpt=own, reason=REASON, by=stage.people["boss"], at=NOW)


def test_the_database_lets_admins_alone_block(stage: Stage) -> None:
    def run(name: str, statement: str) -> bool:
        person = User.objects.get(pk=stage.people[name].pk)
        try:
            with open_scope(scope_for(person)), connection.cursor() as cursor:
                cursor.execute(statement, [stage.gpt.pk])
                return cursor.rowcount == 1
        except (InternalError, IntegrityError):
            return False

    block = "UPDATE gpts_gpt SET blocked_at = now(), block_reason = 'x' WHERE id = %s"
    lift = "UPDATE gpts_gpt SET blocked_at = NULL, block_reason = '' WHERE id = %s"
    for name, statement, works in (
        ("maker", block, False), ("member", block, False), ("boss", block, True),
        ("maker", lift, False), ("stranger", lift, False), ("boss", lift, True),
    ):  # fmt: skip
        assert run(name, statement) is works, name
