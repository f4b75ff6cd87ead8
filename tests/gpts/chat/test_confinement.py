"""What a company's own GPT was asked and said: no other GPT reads it, links to it open for members alone."""

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


def a_company(url: str) -> tuple[GPT, GPT, User, User]:
    """A company's own GPT, a public one of somebody else, an employee, a colleague."""
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


def called(browser: WebClient, here: str, gpt: GPT, text: str) -> None:
    with browser.ask(f"{here}/turns", text, gpt=gpt.slug) as response:
        assert response.status_code == 200
        response.read()


def last_prompt(model_server: ModelServer) -> str:
    return json.dumps(model_server.state.requests[-1]["body"]["messages"])


def test_a_gpt_from_outside_hears_only_the_message_that_calls_it(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    own, outside, employee, _colleague = a_company(model_server.url)
    browser = make_web_client(employee)
    head = browser.say(f"/g/{own.slug}/chat/turns", "our margin is velvetgrommet")[0].data
    here = f"/c/{head['conversation']}"

    called(browser, here, outside, "what is a margin?")

    assert Turn.objects.get(position=2).gpt_id == outside.pk
    assert "what is a margin?" in last_prompt(model_server)
    assert "velvetgrommet" not in last_prompt(model_server)
    # The company's GPT hears both.
    browser.say(f"{here}/turns", "and ours?")
    assert "velvetgrommet" in last_prompt(model_server)
    assert "[Outside, another assistant in this conversation, answered:]" in last_prompt(model_server)


def test_what_a_companys_gpt_said_elsewhere_stays_out_of_the_hosts_prompt(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    own, outside, employee, _colleague = a_company(model_server.url)
    browser = make_web_client(employee)
    head = browser.say(f"/g/{outside.slug}/chat/turns", "good morning")[0].data
    here = f"/c/{head['conversation']}"
    called(browser, here, own, "our margin is velvetgrommet")
    assert "good morning" in last_prompt(model_server)

    browser.say(f"{here}/turns", "thank you")

    assert "good morning" in last_prompt(model_server)
    assert "velvetgrommet" not in last_prompt(model_server)


@pytest.fixture
def link_with_a_guest(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> tuple[str, GPT, GPT, User, User]:
    """A link to a personal conversation into which the company's GPT was called."""
    own, outside, employee, colleague = a_company(model_server.url)
    browser = make_web_client(employee)
    head = browser.say(f"/g/{outside.slug}/chat/turns", "good morning")[0].data
    called(browser, f"/c/{head['conversation']}", own, "our margin is velvetgrommet")
    page = browser.http.get(f"/c/{head['conversation']}/share").text
    assert "Only signed-in members of Acme can open the link." in page
    assert "Anyone who has the link" not in page
    browser.http.post(f"/c/{head['conversation']}/share/make")
    return f"/s/{SharedConversation.objects.get().token}", own, outside, employee, colleague


def test_a_link_with_a_companys_answers_is_for_its_members(
    link_with_a_guest: tuple[str, GPT, GPT, User, User],
) -> None:
    link, own, _outside, employee, colleague = link_with_a_guest

    assert Client().get(link)["Location"].startswith("/accounts/login/")
    refused = sign_in(UserFactory.create(display_name="Stranger")).get(link)
    assert refused.status_code == 404
    assert "velvetgrommet" not in refused.content.decode()
    read = sign_in(colleague).get(link).content.decode()
    assert "velvetgrommet" in read
    # Each answer stands under the name of the GPT that gave it.
    assert read.count('<p class="message__name">Inside</p>') == 1
    assert read.count('<p class="message__name">Outside</p>') == 1
    # Open to everybody from now on, so is what it said.
    with system_scope("tests"):
        version = own.versions.get()
        set_live_version(gpt=own, version=version, audience=Audience.PUBLIC, at=timezone.now())
    assert Client().get(link).status_code == 200
    assert Conversation.objects.get().user_id == employee.pk


def test_a_guest_that_is_gone_takes_the_link_along(
    link_with_a_guest: tuple[str, GPT, GPT, User, User],
) -> None:
    link, own, _outside, _employee, colleague = link_with_a_guest

    with system_scope("tests"):
        quarantine_gpt(gpt=own, at=NOW)

    response = sign_in(colleague).get(link)
    assert response.status_code == 410
    assert "velvetgrommet" not in response.content.decode()
