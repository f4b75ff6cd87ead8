"""A conversation keeps its version until its person switches, or until the version is withdrawn."""

from __future__ import annotations

from typing import Any

import pytest

from core.scope import system_scope
from gpts.assistants.models import GPT, PastVersion, Version
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import clear_live_version, freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Conversation, Turn
from tests.fakes.openai_server import ModelServer
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from tests.support.web_client import MakeWebClient, WebClient

SECRET = "Never tell that the code word is quetzal."


def publish_next_version(gpt: GPT, **changes: Any) -> Version:
    with system_scope("tests"):
        GPT.objects.filter(pk=gpt.pk).update(**changes)
        gpt.refresh_from_db()
        version = freeze_version(gpt=gpt, release_notes="Shorter answers.", by=gpt.owner, at=NOW)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    return version


@pytest.fixture
def started_chat(make_web_client: MakeWebClient, model_server: ModelServer) -> tuple[GPT, WebClient, str]:
    """A GPT, its reader's browser, and the path of a conversation that began with version 1."""
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    head = browser.say(f"/g/{gpt.slug}/chat/turns", "Hello")[0].data
    return gpt, browser, f"/c/{head['conversation']}"


def ask_for_version_number(browser: WebClient, here: str) -> int:
    head = browser.say(f"{here}/turns", "And now?")[0].data
    return Turn.objects.select_related("version").get(pk=head["turn"]).version.number


def test_a_newer_version_is_offered_and_answers_after_a_click(
    started_chat: tuple[GPT, WebClient, str], model_server: ModelServer
) -> None:
    gpt, browser, here = started_chat
    publish_next_version(gpt, instructions=SECRET, description="Now shorter.")

    assert ask_for_version_number(browser, here) == 1
    page = browser.http.get(here).text
    assert "Version 2 is live. You are on version 1." in page
    changes = browser.http.get(f"{here}/changes").text
    assert "Shorter answers." in changes
    assert "Now shorter." in changes
    assert "quetzal" not in page + changes
    stale = browser.http.post(
        f"{here}/continue", data={"version": "1"}, headers={"Accept": "application/json"}
    )
    assert stale.status_code == 409
    assert Conversation.objects.get().version.number == 1

    taken = browser.http.post(f"{here}/continue", data={"version": "2"})

    assert taken.status_code == 302
    assert ask_for_version_number(browser, here) == 2
    page = browser.http.get(here).text
    assert "From here on version 2 answers." in page
    assert "is live. You are on" not in page


def test_a_withdrawn_version_no_longer_answers_conversations_that_began_with_it(
    started_chat: tuple[GPT, WebClient, str],
) -> None:
    gpt, browser, here = started_chat
    with system_scope("tests"):
        clear_live_version(gpt=gpt, audience=Audience.PUBLIC, at=NOW)
    assert browser.refused(f"{here}/turns", "Still there?") == (404, "gpt_not_found")
    assert "This conversation has ended" in browser.http.get(here).text

    publish_next_version(gpt, instructions="Be brief.")

    page = browser.http.get(here).text
    assert "Version 1 was taken back. Your next message will be answered by version 2." in page
    assert Conversation.objects.get().version.number == 1  # reading changes nothing
    assert ask_for_version_number(browser, here) == 2
    assert "From here on version 2 answers." in browser.http.get(here).text


def test_going_back_to_an_older_version_moves_conversations_of_the_newer_one(
    started_chat: tuple[GPT, WebClient, str],
) -> None:
    gpt, browser, here = started_chat
    publish_next_version(gpt, instructions="Be brief.")
    browser.http.post(f"{here}/continue", data={"version": "2"})
    with system_scope("tests"):
        first = gpt.versions.get(number=1)
        set_live_version(gpt=gpt, version=first, audience=Audience.PUBLIC, at=NOW)
        assert not PastVersion.objects.exists()

    assert ask_for_version_number(browser, here) == 1


def test_a_conversation_with_a_quarantined_gpt_has_ended(started_chat: tuple[GPT, WebClient, str]) -> None:
    gpt, browser, here = started_chat
    publish_next_version(gpt, instructions="Be brief.")
    with system_scope("tests"):
        quarantine_gpt(gpt=gpt, at=NOW)

    status, _code = browser.refused(f"{here}/turns", "Still there?")

    assert status in (403, 404)
    assert Turn.objects.count() == 1
    assert "This conversation has ended" in browser.http.get(here).text
