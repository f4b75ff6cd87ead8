"""GPTs of other workspaces, which a person's company does not allow: refused by every way to use one."""

from __future__ import annotations

import json
import time

import httpx2
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.scope import open_scope, system_scope
from gpts.assistants.models import GPT
from gpts.assistants.rules import GPTAct
from gpts.assistants.services.versions import set_live_version
from gpts.assistants.states import Audience
from gpts.chat.mentions import list_chat_choices, list_mentions
from gpts.chat.models import Conversation, Turn
from gpts.chat.services.policy_checks import find_refused
from gpts.chat.services.rechecks import RunningAnswer, find_turns_without_access
from gpts.chat.services.share_links import create_share_link
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import configure_model, create_conversation, create_public_gpt
from tests.support.companies import create_company
from tests.support.external import limit_external, open_external
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.services import WebService
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, read_events
from workspaces.access import scope_for
from workspaces.models import Group, GroupMember, Member, PolicyRule, User, Workspace
from workspaces.policy import Act

pytestmark = pytest.mark.django_db

REFUSED = (403, "external_not_allowed")
# Two rounds of re-checking, and room for a busy machine.
AT_ONCE = 10.0


def create_member(name: str = "Mia") -> tuple[User, Workspace, Group]:
    """A member of a company, in a group of it."""
    with system_scope("tests"):
        member = UserFactory.create(display_name=name)
        company = create_company(UserFactory.create(display_name="Owner"), member=member)
        group = Group.objects.create(workspace=company, name="Interns", created_at=NOW)
        seat = Member.objects.get(workspace=company, user=member)
        GroupMember.objects.create(group=group, member=seat)
    return member, company, group


def create_inside(company: Workspace, **fields: object) -> GPT:
    with system_scope("tests"):
        owner = company.members.get(role="owner").user
        gpt = GPTFactory.create(owner=owner, workspace=company, **fields)
        version = VersionFactory.create(gpt=gpt)
        set_live_version(gpt=gpt, version=version, audience=Audience.WORKSPACE, at=NOW)
    return gpt


def test_every_turn_with_a_refused_gpt_is_refused_and_writes_nothing(
    make_web_client: MakeWebClient, model_server: ModelServer, server: WebService
) -> None:
    member, company, group = create_member()
    model = configure_model(model_server.url, "normal:3")
    outside, inside = create_public_gpt(model, name="Outside"), create_inside(company, language_model=model)
    browser = make_web_client(member)
    # What began before the rule: one conversation with the GPT, and one of the company.
    begun = browser.say(f"/g/{outside.slug}/chat/turns", "Hello")[0].data
    own = browser.say(f"/g/{inside.slug}/chat/turns", "Hello")[0].data
    key = create_key(member, "chat")  # of the personal workspace: the company's rules hold all the same
    limit_external(company, group=group)
    with system_scope("tests"):
        before = (Turn.objects.count(), Conversation.objects.count(), UsageEvent.objects.count())
    asked = len(model_server.state.requests)

    base = f"/c/{begun['conversation']}/turns"
    posts = {
        "first": (f"/g/{outside.slug}/chat/turns", {}),
        "first, personal": (f"/g/{outside.slug}/chat/turns", {"workspace": member.personal_workspace.slug}),
        "next": (base, {}),
        "retry": (f"{base}/{begun['turn']}/retry", {}),
        "edit": (f"{base}/{begun['turn']}/edit", {}),
        "mention": (f"/c/{own['conversation']}/turns", {"gpt": outside.slug}),
    }
    answers = {}
    for name, (url, fields) in posts.items():
        with browser.ask(url, "More", **fields) as response:
            error = json.loads(response.read())["error"]
            answers[name] = (response.status_code, error["code"])
            assert "The group “Interns” may not use GPTs from outside." in error["message"]
            assert error["data"]["rule"]["subject_kind"] == "group"
    assert answers == dict.fromkeys(posts, REFUSED)
    api = f"{server.url}/api/v1"
    refused = [
        httpx2.request(method, f"{api}/{path}", json={"text": "More"}, headers=get_bearer_header(key))
        for method, path in (
            ("POST", f"gpts/{outside.slug}/conversations"),
            ("GET", f"gpts/{outside.slug}/price"),
        )
    ]
    assert [(one.status_code, one.json()["error"]["code"]) for one in refused] == [REFUSED, REFUSED]
    files = browser.http.post(f"/g/{outside.slug}/chat/attachments", files={"file": ("a.txt", b"text")})
    assert files.status_code == 403
    with system_scope("tests"):
        after = (Turn.objects.count(), Conversation.objects.count(), UsageEvent.objects.count())
    assert (after, len(model_server.state.requests)) == (before, asked)

    # Reading goes on and says why; the company's own GPT answers; a lifted rule lets both go on.
    page = browser.http.get(f"/c/{begun['conversation']}").text
    assert "may not use GPTs from outside" in page
    assert "data-composer" not in page
    assert browser.say(f"/c/{own['conversation']}/turns", "More")[-1].data["state"] == "finished"
    open_external(company)
    assert browser.say(base, "More")[-1].data["state"] == "finished"


def test_a_running_answer_stops_when_the_rule_is_saved(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    member, company, group = create_member()
    outside = create_public_gpt(configure_model(model_server.url, "normal:4000:40"))
    browser, found, saved_at = make_web_client(member), [], 0.0
    with browser.ask(f"/g/{outside.slug}/chat/turns", "Long") as response:
        for event in read_events(response):
            found.append(event)
            if event.name == "delta" and not saved_at:
                limit_external(company, group=group)
                saved_at = time.monotonic()
    assert time.monotonic() - saved_at < AT_ONCE
    assert (found[-1].data["state"], found[-1].data["code"]) == ("failed", "access_ended")
    with system_scope("tests"):
        assert Turn.objects.get().error_code == "access_ended"
        assert not UsageEvent.objects.exists()
    assert model_server.wait_until(lambda state: state.open_streams == 0)


def test_many_running_answers_are_rechecked_in_one_more_query() -> None:
    member, company, group = create_member()
    other = UserFactory.create(display_name="Free")
    gpts = [create_public_gpt(name=f"Outside {number}") for number in range(3)]

    def recheck(people: list[User], gpts: list[GPT]) -> tuple[int, int]:
        with system_scope("tests"):
            turns = [create_conversation(person, gpt=gpt).turns.get() for person in people for gpt in gpts]
            answers = [
                RunningAnswer(turn.pk, turn.user_id, turn.gpt_id, "chat", (), turn.workspace_id)  # type: ignore[arg-type]
                for turn in turns
            ]
            with CaptureQueriesContext(
                connection,
            ) as queries:
                ended = find_turns_without_access(answers, at=timezone.now())
        return len(ended), len([q for q in queries if "SELECT" in q["sql"]])

    assert recheck([member, other], gpts)[0] == 0
    limit_external(company, group=group)
    ended, few = recheck([member], gpts[:1])
    more, many = recheck([member, other], gpts)
    assert (ended, more, few) == (1, 3, many)


def test_mentions_the_picker_and_shared_chats_leave_out_what_is_refused() -> None:
    member, company, group = create_member()
    outside, inside = create_public_gpt(name="Harbour outside"), create_inside(company, name="Harbour inside")
    approved = create_public_gpt(name="Harbour approved")
    in_store = [outside.slug, approved.slug]
    client, maker = sign_in(member), UserFactory.create()
    with system_scope("tests"):
        create_conversation(member, gpt=outside)  # recently used
        link = create_share_link(conversation=create_conversation(maker, gpt=outside), by=maker, at=NOW)

    def see() -> tuple[set[str], set[str], bool, int]:
        person = User.objects.get(pk=member.pk)
        with open_scope(scope_for(person)):
            called = {one.name for one in list_mentions(person, "Harbour", in_store=in_store)}
            groups = list_chat_choices(person, "Harbour", in_store=in_store)
        offered = {one.name for one in (*groups.recent, *groups.own, *groups.workspace, *groups.public)}
        shared = client.get(f"/s/{link.token}").content.decode()
        assert ("does not allow this." in shared) is ("Start your own chat" not in shared)
        return (
            called,
            offered,
            "Start your own chat" in shared,
            client.get(f"/g/{outside.slug}/chat").status_code,
        )

    everything = {outside.name, inside.name, approved.name}
    assert see() == (everything, everything, True, 200)
    limit_external(company, group=group)
    assert see() == ({inside.name}, {inside.name}, False, 403)
    limit_external(company, group=group, effect="allow", gpt_id=approved.pk)
    assert see() == ({inside.name, approved.name}, {inside.name, approved.name}, False, 403)


def test_a_policy_that_cannot_be_read_ends_only_answers_of_its_people() -> None:
    member, company, _group = create_member()
    other, refused_company, group = create_member("Noa")
    free, gpt = UserFactory.create(), create_public_gpt()
    limit_external(refused_company, group=group)
    with system_scope("tests"):
        PolicyRule.objects.create(
            workspace=company, act="fly", subject_kind="everyone", target_kind="any", effect="deny"
        )
        turns = [create_conversation(person, gpt=gpt).turns.get() for person in (member, other, free)]
        answers = [
            RunningAnswer(turn.pk, turn.user_id, turn.gpt_id, GPTAct.CHAT, (), turn.workspace_id)
            for turn in turns
        ]
        ended = find_turns_without_access(answers, at=timezone.now())
        uses = ((Act.EXPORT, ()),)
        asked = {(turn.user_id, turn.workspace_id, uses) for turn in turns}
        refused = find_refused(asked)
    assert ended == {turns[0].pk, turns[1].pk}
    assert refused == {(member.pk, turns[0].workspace_id, uses)}
