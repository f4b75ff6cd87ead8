"""Access that ends in the middle of an answer: the open stream ends within seconds, unpaid, and says why."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.shares import remove_share, set_share
from gpts.assistants.services.versions import clear_live_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Message
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import create_key, get_bearer_header
from tests.support.chat import configure_model, create_public_gpt
from tests.support.companies import create_company
from tests.support.cut_answers import a_company_gpt, assert_cut, read_until_cut
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, get_streamed_text, read_events
from workspaces.models import ApiKey, Group, GroupMember, Member, User
from workspaces.services.api_keys import revoke_api_key
from workspaces.services.members import remove_member
from workspaces.services.workspace_control import suspend_workspace


@pytest.mark.parametrize("by_group", [False, True])
def test_an_ended_share_stops_the_answer(
    make_web_client: MakeWebClient, model_server: ModelServer, by_group: bool
) -> None:
    gpt, owner, colleague = a_company_gpt(model_server.url)
    with system_scope("tests"):
        set_live_version(gpt=gpt, version=gpt.versions.get(), audience=Audience.SHARED, at=NOW)
        clear_live_version(gpt=gpt, audience=Audience.WORKSPACE, at=NOW)
        group = None
        if by_group:
            group = Group.objects.create(workspace=gpt.workspace, name="Testers", created_at=NOW)
            seat = Member.objects.get(user=colleague, workspace=gpt.workspace)
            GroupMember.objects.create(group=group, member=seat)
        share = set_share(
            gpt=gpt, right="chat", user=None if by_group else colleague, group=group, by=owner, at=NOW
        )
    browser = make_web_client(colleague)

    def end_share() -> None:
        if by_group:
            GroupMember.objects.all().delete()
        else:
            remove_share(share=share, by=owner, at=NOW)

    last, said, seconds = read_until_cut(browser, gpt, end_share)

    assert_cut(last, said, seconds, model_server)
    assert browser.refused(f"/g/{gpt.slug}/chat/turns", "Again")[0] == 404


def test_a_removed_member_reads_no_further(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt, owner, colleague = a_company_gpt(model_server.url)
    browser = make_web_client(colleague)

    def remove() -> None:
        seat = Member.objects.get(user=colleague, workspace=gpt.workspace)
        remove_member(member=seat, by=owner, at=timezone.now())

    last, said, seconds = read_until_cut(browser, gpt, remove)

    assert_cut(last, said, seconds, model_server)
    assert browser.refused(f"/g/{gpt.slug}/chat/turns", "Again")[0] == 404


def test_a_member_of_a_suspended_workspace_reads_no_further(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, owner, colleague = a_company_gpt(model_server.url)

    def suspend() -> None:
        suspend_workspace(workspace=gpt.workspace, reason="unpaid", by=owner, at=timezone.now())

    last, said, seconds = read_until_cut(make_web_client(colleague), gpt, suspend)

    assert_cut(last, said, seconds, model_server)


def test_a_deactivated_account_reads_no_further(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:4000:40")),
        UserFactory.create(display_name="Reader"),
    )

    last, said, seconds = read_until_cut(
        make_web_client(reader), gpt, lambda: User.objects.filter(pk=reader.pk).update(is_active=False)
    )

    assert_cut(last, said, seconds, model_server)


def read_until_cut_by_api(
    url: str, key: str, gpt: GPT, end_access: Callable[[], object]
) -> tuple[Any, str, float]:
    """As read_until_cut, by a program with an API key."""
    found, ended_at = [], 0.0
    headers = {"Accept": "text/event-stream", **get_bearer_header(key)}
    with httpx2.stream(
        "POST",
        f"{url}/api/v1/gpts/{gpt.slug}/conversations",
        json={"text": "Long"},
        headers=headers,
        timeout=30,
    ) as response:
        for event in read_events(response):
            found.append(event)
            if event.name == "delta" and not ended_at:
                with system_scope("tests"):
                    end_access()
                ended_at = time.monotonic()
    return found[-1], get_streamed_text(found), time.monotonic() - ended_at


@pytest.mark.parametrize("act", ["revoked", "expired"])
def test_the_stream_of_a_key_that_ends_is_cut(
    server: WebService, model_server: ModelServer, act: str
) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "normal:4000:40"))
    reader = UserFactory.create(display_name="Reader")
    plain = create_key(reader)

    def end() -> None:
        key = ApiKey.objects.get()
        if act == "revoked":
            revoke_api_key(key=key, by=reader, at=timezone.now())
        else:
            ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())

    last, said, seconds = read_until_cut_by_api(server.url, plain, gpt, end)

    assert_cut(last, said, seconds, model_server)


def test_a_member_who_left_the_paying_workspace_reads_no_further(
    server: WebService, model_server: ModelServer
) -> None:
    """The GPT is public, so that the person may still chat with it; the company must not pay on."""
    gpt = create_public_gpt(configure_model(model_server.url, "normal:4000:40"))
    with system_scope("tests"):
        owner = UserFactory.create(display_name="Owner")
        reader = UserFactory.create(display_name="Reader")
        company = create_company(owner, member=reader)
    plain = create_key(reader, workspace=company)

    def leave() -> None:
        Member.objects.filter(user=reader, workspace=company).delete()

    last, said, seconds = read_until_cut_by_api(server.url, plain, gpt, leave)

    assert_cut(last, said, seconds, model_server)


def test_who_reads_along_with_a_revoked_key_is_cut_but_the_answer_goes_on(
    server: WebService, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    """The person started the answer in the browser; a program of theirs follows it."""
    gpt = create_public_gpt(configure_model(model_server.url, "held:250"))
    reader = UserFactory.create(display_name="Reader")
    plain = create_key(reader)
    followed: list[Any] = []
    with make_web_client(reader).ask(f"/g/{gpt.slug}/chat/turns", "Long") as response:
        own = read_events(response)
        head = next(own)
        address = (
            f"{server.url}/api/v1/conversations/{head.data['conversation']}/turns/{head.data['turn']}/events"
        )
        with httpx2.stream("GET", address, headers=get_bearer_header(plain), timeout=30) as program:
            for event in read_events(program):
                if not followed:
                    revoke_api_key(key=ApiKey.objects.get(), by=reader, at=timezone.now())
                followed.append(event)
        model_server.release()
        last = list(own)[-1]

    assert (followed[-1].name, followed[-1].data["code"]) == ("end", "access_ended")
    assert len(get_streamed_text(followed)) < len(Message.objects.get(role="assistant").content)
    assert last.data["state"] == "finished"


@pytest.mark.parametrize("act", ["quarantined", "taken back"])
def test_a_gpt_that_goes_away_stops_talking(
    make_web_client: MakeWebClient, model_server: ModelServer, act: str
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:4000:40")),
        UserFactory.create(display_name="Reader"),
    )

    def end() -> None:
        if act == "quarantined":
            quarantine_gpt(gpt=gpt, at=timezone.now())
        else:
            clear_live_version(gpt=gpt, audience=Audience.PUBLIC, at=timezone.now())

    last, said, seconds = read_until_cut(make_web_client(reader), gpt, end)

    assert_cut(last, said, seconds, model_server)


def test_who_keeps_their_access_reads_to_the_end(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    """Longer than two re-checks, by a colleague inside a company: nothing is cut by mistake."""
    gpt, _owner, colleague = a_company_gpt(model_server.url)
    model_server.state.control = "normal:100:20"

    found = make_web_client(colleague).say(f"/g/{gpt.slug}/chat/turns", "Long")

    assert found[-1].data["state"] == "finished"
    assert UsageEvent.objects.get().output_tokens == 100
