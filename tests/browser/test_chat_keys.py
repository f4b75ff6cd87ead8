"""A chat in a browser: keyboard, branches, mentions, drafts, temporary chats, costs, new versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Conversation, Turn
from gpts.llm.models import LanguageModel
from marketplace.services.listings import publish_listing
from tests.fakes.openai_server import ModelServer
from tests.support.browser import Person, send_message
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService


@pytest.fixture
def person(browser: Browser, server: WebService) -> Iterator[Person]:
    made = Person(browser, server.url, "Rita")
    yield made
    made.close()


def open_chat(person: Person, model_server: ModelServer, model: str = "echo", **draft: Any) -> GPT:
    model_server.state.control = ""
    gpt = create_public_gpt(
        configure_model(model_server.url, model, input_price=3_000_000, output_price=15_000_000), **draft
    )
    person.enter(UserFactory.create(display_name="Rita"))
    person.go(f"/g/{gpt.slug}/chat")
    return gpt


def ask_and_wait(page: Page, text: str, count: int) -> None:
    send_message(page, text)
    expect(page.get_by_role("button", name="Answer again")).to_have_count(count)


def get_composer(page: Page):  # type: ignore[no-untyped-def]  # a locator
    return page.get_by_label("Message", exact=True)


def test_all_actions_have_keys_that_the_help_lists(person: Person, model_server: ModelServer) -> None:
    gpt = open_chat(person, model_server)
    page = person.page
    ask_and_wait(page, "first words", 1)
    expect(page.locator("#app-sidebar .list__item--current")).to_have_count(1)
    page.keyboard.press("Escape")

    page.keyboard.press("?")
    sheet = page.locator("#keys")
    expect(sheet).to_be_visible()
    listed = set(sheet.locator("dt").all_inner_texts())
    assert {"Enter", "Shift Enter", "@", "↑", "n", "b", "c", "e", "r", "y"} <= listed
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("b")
    expect(page.locator("#app-sidebar")).to_be_hidden()
    page.reload()
    expect(page.locator("#app-sidebar")).to_be_hidden()
    page.keyboard.press("b")
    expect(page.locator("#app-sidebar")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator("[data-branch-place]")).to_have_text("2/2")
    page.keyboard.press("c")
    expect(get_composer(page)).to_be_focused()
    # Also while the composer has the focus.
    page.keyboard.press("Control+/")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    get_composer(page).focus()
    page.keyboard.press("ArrowUp")
    editor = page.get_by_label("Your message")
    expect(editor).to_be_focused()
    page.keyboard.type(" and more")
    page.keyboard.press("Escape")
    expect(editor).to_be_hidden()
    page.keyboard.press("e")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("first words")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#new-chat-search")).to_be_focused()
    # The GPT of the open chat comes first.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/g/{gpt.slug}/chat$"))
    person.assert_quiet()


def test_each_branch_keeps_its_following_turns(person: Person, model_server: ModelServer) -> None:
    open_chat(person, model_server)
    page = person.page
    ask_and_wait(page, "one", 1)
    ask_and_wait(page, "two", 2)
    page.get_by_text("Edit message").first.click()
    page.get_by_label("Your message").first.fill("another one")
    page.get_by_role("button", name="Send again").first.click()
    expect(page.locator(".message--assistant .message__text")).to_have_text(["another one"])
    expect(page.locator("[data-branch-place]")).to_have_text("2/2")

    page.get_by_role("button", name="Previous branch").click()

    expect(page.locator(".message--user .message__text")).to_have_text(["one", "two"])
    expect(page.locator("[data-branch-place]")).to_have_text("1/2")
    expect(page.get_by_role("button", name="Next branch")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".message--user .message__text")).to_have_text(["another one"])
    page.reload()
    expect(page.locator(".message--user .message__text")).to_have_text(["another one"])
    assert Turn.objects.count() == 3
    person.assert_quiet()


def test_another_gpt_can_be_mentioned_for_one_turn(person: Person, model_server: ModelServer) -> None:
    open_chat(person, model_server, name="Host")
    guest = create_public_gpt(
        configure_model(model_server.url, "echo"),
        owner=UserFactory.create(display_name="Maker"),
        name="Guest of honour",
    )
    with system_scope("tests"):  # GPTs of others are found by their listings
        publish_listing(gpt=guest, version=guest.versions.get(), by=None, at=timezone.now())
    page = person.page
    ask_and_wait(page, "hello", 1)

    get_composer(page).press_sequentially("@gue")
    option = page.get_by_role("option")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("Guest of honour")
    page.keyboard.press("Enter")
    expect(page.locator(".mentions__chip")).to_contain_text("@Guest of honour")
    page.keyboard.type("what do you say?")
    page.keyboard.press("Enter")

    expect(page.locator(".message__name")).to_have_text(["Host", "Guest of honour"])
    expect(page.locator(".mentions__chip")).to_have_count(0)
    ask_and_wait(page, "and you?", 3)
    expect(page.locator(".message__name")).to_have_text(["Host", "Guest of honour", "Host"])
    assert Turn.objects.get(position=2).gpt_id == guest.pk
    mention = page.locator(".message--user .message__mention")
    expect(mention).to_have_text(["@Guest of honour"])
    page.reload()
    expect(mention).to_have_text(["@Guest of honour"])
    page.get_by_role("button", name="Answer again").nth(1).click()
    expect(page.get_by_role("button", name="Answer again")).to_have_count(2)
    expect(mention).to_have_text(["@Guest of honour"])
    expect(page.locator(".message__name")).to_have_text(["Host", "Guest of honour"])
    person.assert_quiet()


def test_drafts_are_kept_per_chat_and_person(person: Person, model_server: ModelServer) -> None:
    gpt = open_chat(person, model_server)
    page = person.page
    ask_and_wait(page, "hello", 1)
    talk = page.url
    get_composer(page).fill("half a thought")
    person.go(f"/g/{gpt.slug}/chat")
    expect(get_composer(page)).to_have_value("")
    get_composer(page).fill("for a new chat")
    page.goto(talk)
    expect(get_composer(page)).to_have_value("half a thought")
    # Drafts of temporary chats are deleted when their tab is closed.
    person.go(f"/g/{gpt.slug}/chat?temporary=1")
    get_composer(page).fill("nobody knows")
    page.wait_for_timeout(300)
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "half a thought" in stored
    assert "nobody knows" not in stored

    person.context.clear_cookies()
    person.enter(UserFactory.create(display_name="Next at this computer"))
    person.go(f"/g/{gpt.slug}/chat")

    expect(get_composer(page)).to_have_value("")
    assert (
        page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)").count("thought") == 0
    )


def test_a_temporary_chat_is_marked_and_leaves_nothing_stored(
    person: Person, model_server: ModelServer
) -> None:
    open_chat(person, model_server)
    page = person.page
    page.get_by_role("switch", name="Temporary chat").click()
    expect(page.get_by_text("This chat is temporary")).to_be_visible()

    ask_and_wait(page, "a secret plan", 1)

    conversation = Conversation.objects.get()
    assert (conversation.is_temporary, conversation.title) == (True, "")
    page.get_by_text("More", exact=True).click()
    expect(page.get_by_role("link", name="Share", exact=True)).to_have_count(0)
    person.go("/c/")
    expect(page.get_by_text("No conversations yet")).to_be_visible()
    person.go("/c/?q=secret")
    expect(page.get_by_text("No conversation says this")).to_be_visible()
    person.assert_quiet()


def test_cost_and_trimmed_history_of_a_turn_are_shown(person: Person, model_server: ModelServer) -> None:
    open_chat(person, model_server, "normal:40")
    with system_scope("tests"):
        own = LanguageModel.objects.filter(name="normal:40")
        own.update(context_window=1_200, max_output_tokens=100)
    page = person.page
    ask_and_wait(page, "first question " * 60, 1)
    page.get_by_text("Details").click()
    facts = page.locator(".turn__facts")
    expect(facts).to_contain_text("Tokens sent")
    # 11 input tokens at 3 and 40 output tokens at 15 per million.
    expect(facts).to_contain_text("$0.000633")
    expect(page.locator(".turn__mark")).to_have_count(0)

    for number in range(2, 5):
        ask_and_wait(page, f"question {number} " * 100, number)

    mark = page.get_by_text("The conversation outgrew the model's context")
    expect(mark).to_be_visible()
    page.get_by_text("Details").last.click()
    expect(page.locator(".turn__facts").last).to_contain_text("Left out")
    person.assert_quiet()


def test_a_new_version_is_offered_with_its_notes(person: Person, model_server: ModelServer) -> None:
    gpt = open_chat(person, model_server)
    page = person.page
    ask_and_wait(page, "hello", 1)
    with system_scope("tests"):
        gpt.description = "Now with arches."
        gpt.save(update_fields=["description"])
        version = freeze_version(gpt=gpt, release_notes="Arches were added.", by=gpt.owner, at=timezone.now())
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=timezone.now())
    page.reload()

    expect(page.get_by_text("Version 2 is live. You are on version 1.")).to_be_visible()
    page.get_by_role("link", name="What changed").click()
    person.sees("Arches were added.")
    person.sees("Now with arches.")
    person.press("Continue with version 2")

    expect(page.get_by_text("Version 2 is live")).to_have_count(0)
    ask_and_wait(page, "again", 2)
    expect(page.get_by_text("From here on version 2 answers.")).to_be_visible()
    person.assert_quiet()


def test_enter_that_confirms_a_word_sends_nothing_on_safari(
    person: Person, model_server: ModelServer
) -> None:
    """Safari ends the composition first, and then sends Enter with the code 229."""
    open_chat(person, model_server)
    field = get_composer(person.page)
    field.fill("注意")
    press = """(field, code) => {
      field.dispatchEvent(new CompositionEvent("compositionend", { data: "注意", bubbles: true }));
      const key = { key: "Enter", keyCode: code, bubbles: true, cancelable: true };
      return field.dispatchEvent(new KeyboardEvent("keydown", key));
    }"""

    was_left_alone = field.evaluate(press, 229)

    assert was_left_alone
    expect(field).to_have_value("注意")
    assert person.page.locator(".message--user").count() == 0
    assert field.evaluate(press, 13) is False
    expect(person.page.locator(".message--user .message__text")).to_have_text("注意")
