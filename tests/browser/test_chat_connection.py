"""A chat over a bad line and in several tabs: nothing is lost, nothing is sent twice, all is said."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, Message, Turn
from gpts.metering.models import UsageEvent
from tests.fakes.openai_server import WORDS, ModelServer
from tests.support.browser import Person, send_message
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService, start_web_service
from tests.support.tcp_proxy import TcpProxy

LOSE_THE_FIRST_ANSWER = """() => {
  const real = window.fetch;
  let isFirst = true;
  window.fetch = async (url, ...rest) => {
    const response = await real(url, ...rest);
    if (!isFirst || !/[/]turns([?]|$)/.test(url)) return response;
    isFirst = false;
    const body = new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
}"""


@pytest.fixture
def cable(server: WebService) -> Iterator[TcpProxy]:
    with TcpProxy(server.port) as cable:
        yield cable


@pytest.fixture
def person(browser: Browser, cable: TcpProxy) -> Iterator[Person]:
    made = Person(browser, cable.url, "Rita")
    yield made
    made.close()


def opened(person: Person, model_server: ModelServer, model: str) -> GPT:
    """The person at an empty chat with a GPT on ``model``."""
    model_server.state.control = ""
    gpt = create_public_gpt(configure_model(model_server.url, model))
    person.enter(UserFactory.create(display_name="Rita"))
    person.go(f"/g/{gpt.slug}/chat")
    return gpt


def answer(page: Page) -> str:
    return re.sub(r"\s+", " ", page.locator(".message--assistant .message__text").last.inner_text()).strip()


def whole(count: int) -> str:
    return re.sub(r"\s+", " ", "".join(WORDS[n % len(WORDS)] for n in range(count))).strip()


def test_a_cut_connection_is_read_on_from_where_it_stopped(
    person: Person, cable: TcpProxy, model_server: ModelServer
) -> None:
    opened(person, model_server, "normal:200:40")
    page = person.page
    send_message(page, "Tell me of arches")
    expect(page.locator(".message--running .message__text")).to_contain_text("merchant")

    cable.cut()

    expect(page.get_by_text("The connection was lost. Reading on as soon as it is back")).to_be_visible()
    expect(page.locator(".message--user")).to_have_count(1)
    cable.mend()
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    expect(page.get_by_text("The connection was lost")).to_have_count(0)
    assert answer(page) == whole(200)
    assert (Turn.objects.get().state, UsageEvent.objects.count()) == ("finished", 1)


def test_a_message_whose_first_word_was_lost_is_sent_once(
    person: Person, cable: TcpProxy, model_server: ModelServer
) -> None:
    opened(person, model_server, "normal:20:40")
    page = person.page
    # The server hears the message, the browser hears nothing back.
    page.evaluate(LOSE_THE_FIRST_ANSWER)

    send_message(page, "Only once")

    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    assert answer(page) == whole(20)
    assert Message.objects.filter(role="user").values_list("content", flat=True).get() == "Only once"
    assert (Conversation.objects.count(), UsageEvent.objects.count()) == (1, 1)


def test_a_message_that_cannot_leave_stays_in_the_composer(
    person: Person, cable: TcpProxy, model_server: ModelServer
) -> None:
    opened(person, model_server, "echo")
    page = person.page
    cable.cut()

    send_message(page, "Words that must not get lost")

    expect(page.locator("[data-chat-error]")).to_contain_text("Your message is still in the composer.")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Words that must not get lost")
    cable.mend()
    page.reload()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Words that must not get lost")
    person.press("Send")
    expect(page.locator(".message--assistant .message__text")).to_have_text("Words that must not get lost")
    assert Turn.objects.count() == 1


def test_a_model_that_keeps_silent_is_named_until_it_speaks(
    person: Person, model_server: ModelServer
) -> None:
    opened(person, model_server, "slow-first:13")
    page = person.page
    send_message(page, "Are you there?")
    silent = page.get_by_text("The model has not answered for a while. Wait, or stop it.")

    expect(silent).to_be_visible()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()

    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    expect(silent).to_have_count(0)
    assert answer(page) == whole(13)
    person.assert_quiet()


def test_after_a_restart_of_the_web_process_the_text_is_kept_and_the_turn_says_so(
    person: Person, cable: TcpProxy, model_server: ModelServer
) -> None:
    first, second = start_web_service("restart-1"), None
    try:
        cable.mend(first.port)
        opened(person, model_server, "normal:4000:40")
        page = person.page
        send_message(page, "A long story")
        expect(page.locator(".message--running .message__text")).to_contain_text("order")
        page.wait_for_timeout(600)
        os.killpg(first.process.pid, signal.SIGKILL)
        first.process.wait(10)
        second = start_web_service("restart-2")
        cable.mend(second.port)

        note = page.get_by_text("The server stopped while answering. What had arrived is kept.")
        expect(note).to_be_visible(timeout=60_000)
        expect(page.locator(".message--assistant .message__text")).to_contain_text("arch light square")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        kept = Message.objects.get(role="assistant").content
        assert kept.startswith("arch light square")
        assert (Turn.objects.get().state, UsageEvent.objects.count()) == ("interrupted", 0)
    finally:
        first.stop()
        if second is not None:
            second.stop()


def test_a_second_tab_reads_along_with_what_the_first_one_asks(
    person: Person, model_server: ModelServer
) -> None:
    gpt = opened(person, model_server, "echo")
    page = person.page
    send_message(page, "first words")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    second = person.context.new_page()
    second.goto(page.url)
    second.get_by_label("Message", exact=True).fill("not sent yet")
    model_server.state.control = "normal:120:40"

    send_message(page, "second words")

    expect(second.locator(".message--user .message__text").last).to_have_text("second words")
    expect(second.locator(".message--running .message__text")).to_contain_text("merchant")
    # Sending now is refused in words, and nothing that was typed is lost.
    second.get_by_label("Message", exact=True).press("Enter")
    expect(second.locator("[data-chat-error]")).to_contain_text("An answer is still being written.")
    expect(second.get_by_label("Message", exact=True)).to_have_value("not sent yet")
    for tab in (page, second):
        expect(tab.get_by_role("button", name="Answer again")).to_have_count(2)
        assert answer(tab) == whole(120)
    expect(second.locator("[data-chat-error]")).to_have_text("")
    with system_scope("tests"):
        assert Turn.objects.filter(gpt=gpt).count() == 2


def test_another_devices_turn_is_a_clear_word_and_then_stands_here_too(
    person: Person, model_server: ModelServer, browser: Browser
) -> None:
    """Two devices do not hear each other: who was second is refused, reads along, and sends again."""
    opened(person, model_server, "echo")
    page = person.page
    send_message(page, "first words")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    conversation = Conversation.objects.get()
    other = browser.new_context()
    try:
        address = person.base_url
        for cookie in person.context.cookies():
            other.add_cookies([{"name": str(cookie["name"]), "value": str(cookie["value"]), "url": address}])
        phone = other.new_page()
        phone.goto(f"{person.base_url}/c/{conversation.pk}")
        model_server.state.control = "normal:100:40"
        send_message(phone, "from the phone")
        expect(phone.locator(".message--running .message__text")).to_contain_text("light")

        send_message(page, "from the desk")

        expect(page.locator("[data-chat-error]")).to_contain_text("still being written")
        expect(page.get_by_label("Message", exact=True)).to_have_value("from the desk")
        expect(page.locator(".message--user .message__text").last).to_have_text("from the phone")
        expect(page.get_by_role("button", name="Answer again")).to_have_count(2)
        model_server.state.control = "echo"
        person.press("Send")
        expect(page.locator(".message--assistant .message__text").last).to_have_text("from the desk")
        # The phone has not read the third turn; its fourth one brings it along.
        send_message(phone, "once more")
        expect(phone.get_by_role("button", name="Answer again")).to_have_count(4)
        asked = phone.locator(".message--user .message__text").all_inner_texts()
        assert asked == ["first words", "from the phone", "from the desk", "once more"]
    finally:
        other.close()
