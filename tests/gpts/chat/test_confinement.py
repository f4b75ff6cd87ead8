"""Turns of company-only GPTs: no GPT outside the company reads them, and links show them to members only."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Conversation, SharedConversation, Turn
from tests.fakes.openai_server import ModelServer
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, WebClient
from workspaces.models import User


def create_company_gpts(url: str) -> tuple[GPT, GPT, User, User]:
    """A company-only GPT, a public GPT of somebody else, an employee, a colleague."""
    with system_scope("tests"):
        boss, employee, colleague = (
            UserFactory.create(display_name="Boss"),
            UserFactory.create(display_name="Employee"),
            UserFactory.create(display_name="Colleague"),
        )
        acme = WorkspaceFactory.create(owner=boss, name="Acme")
        MemberFactory.create(workspace=acme, user=employee, role="member", by=boss)
        MemberFactory.create(workspace=acme, user=colleague, role="member", by=boss)
        own = GPTFactory.create(
            workspace=acme, owner=boss, language_model=configure_model(url, "echo"), name="Inside"
        )
        version = freeze_version(gpt=own, release_notes="", by=boss, at=NOW)
        set_live_version(gpt=own, version=version, audience=Audience.WORKSPACE, at=NOW)
    return own, create_public_gpt(configure_model(url, "echo"), name="Outside"), employee, colleague


def mention(browser: WebClient, here: str, gpt: GPT, text: str) -> None:
    with browser.ask(f"{here}/turns", text, gpt=gpt.slug) as response:
        assert response.status_code == 200
        response.read()


def get_last_prompt(model_server: ModelServer) -> str:
    return json.dumps(model_server.state.requests[-1]["body"]["messages"])


def test_an_outside_gpt_reads_only_the_message_that_mentions_it(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    own, outside, employee, _colleague = create_company_gpts(model_server.url)
    browser = make_web_client(employee)
    head = browser.say(f"/g/{own.slug}/chat/turns", "our margin is velvetgrommet")[0].data
    here = f"/c/{head['conversation']}"

    mention(browser, here, outside, "what is a margin?")

    assert Turn.objects.get(position=2).gpt_id == outside.pk
    assert "what is a margin?" in get_last_prompt(model_server)
    assert "velvetgrommet" not in get_last_prompt(model_server)
    # The company's GPT reads both.
    browser.say(f"{here}/turns", "and ours?")
    assert "velvetgrommet" in get_last_prompt(model_server)
    assert "[Outside, another assistant in this conversation, answered:]" in get_last_prompt(model_server)


def test_a_mentioned_company_gpts_turns_are_not_in_an_outside_gpts_prompt(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    own, outside, employee, _colleague = create_company_gpts(model_server.url)
    browser = make_web_client(employee)
    head = browser.say(f"/g/{outside.slug}/chat/turns", "good morning")[0].data
    here = f"/c/{head['conversation']}"
    mention(browser, here, own, "our margin is velvetgrommet")
    assert "good morning" in get_last_prompt(model_server)

    browser.say(f"{here}/turns", "thank you")

    assert "good morning" in get_last_prompt(model_server)
    assert "velvetgrommet" not in get_last_prompt(model_server)


@pytest.fixture
def link_with_mention(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> tuple[str, GPT, GPT, User, User]:
    """A link to a personal conversation that mentioned the company's GPT."""
    own, outside, employee, colleague = create_company_gpts(model_server.url)
    browser = make_web_client(employee)
    head = browser.say(f"/g/{outside.slug}/chat/turns", "good morning")[0].data
    mention(browser, f"/c/{head['conversation']}", own, "our margin is velvetgrommet")
    page = browser.http.get(f"/c/{head['conversation']}/share").text
    assert "Only signed-in members of Acme can open the link." in page
    assert "Anyone who has the link" not in page
    browser.http.post(f"/c/{head['conversation']}/share/make")
    return f"/s/{SharedConversation.objects.get().token}", own, outside, employee, colleague


def test_a_link_with_a_company_gpts_answers_is_for_members(
    link_with_mention: tuple[str, GPT, GPT, User, User],
) -> None:
    link, own, _outside, employee, colleague = link_with_mention

    assert Client().get(link)["Location"].startswith("/accounts/login/")
    refused = sign_in(UserFactory.create(display_name="Stranger")).get(link)
    assert refused.status_code == 404
    assert "velvetgrommet" not in refused.content.decode()
    read = sign_in(colleague).get(link).content.decode()
    assert "velvetgrommet" in read
    # Each answer has the name of its GPT.
    assert read.count('<p class="message__name">Inside</p>') == 1
    assert read.count('<p class="message__name">Outside</p>') == 1
    # Once the GPT is public, so are its answers.
    with system_scope("tests"):
        version = own.versions.get()
        set_live_version(gpt=own, version=version, audience=Audience.PUBLIC, at=timezone.now())
    assert Client().get(link).status_code == 200
    assert Conversation.objects.get().user_id == employee.pk


def test_quarantining_a_mentioned_gpt_closes_the_link(
    link_with_mention: tuple[str, GPT, GPT, User, User],
) -> None:
    link, own, _outside, _employee, colleague = link_with_mention

    with system_scope("tests"):
        quarantine_gpt(gpt=own, at=NOW)

    response = sign_in(colleague).get(link)
    assert response.status_code == 410
    assert "velvetgrommet" not in response.content.decode()
