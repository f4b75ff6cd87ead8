"""A chat over a bad connection and in several tabs: no text is lost and no message is sent twice."""

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

LOSE_FIRST_RESPONSE = """() => {
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
def proxy(server: WebService) -> Iterator[TcpProxy]:
    with TcpProxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def person(browser: Browser, proxy: TcpProxy) -> Iterator[Person]:
    made = Person(browser, proxy.url, "Rita")
    yield made
    made.close()


def open_chat(person: Person, model_server: ModelServer, model: str) -> GPT:
    """Sign the person in and open an empty chat with a GPT on ``model``."""
    model_server.state.control = ""
    gpt = create_public_gpt(configure_model(model_server.url, model))
    person.enter(UserFactory.create(display_name="Rita"))
    person.go(f"/g/{gpt.slug}/chat")
    return gpt


def get_answer_text(page: Page) -> str:
    return re.sub(r"\s+", " ", page.locator(".message--assistant .message__text").last.inner_text()).strip()


def build_whole_answer(count: int) -> str:
    return re.sub(r"\s+", " ", "".join(WORDS[n % len(WORDS)] for n in range(count))).strip()


def test_a_cut_stream_is_resumed_where_it_stopped(
    person: Person, proxy: TcpProxy, model_server: ModelServer
) -> None:
    open_chat(person, model_server, "held:200")
    page = person.page
    send_message(page, "Tell me of arches")
    expect(page.locator(".message--running .message__text")).to_contain_text("merchant")

    proxy.cut()

    expect(page.get_by_text("The connection was lost. Reading on as soon as it is back")).to_be_visible()
    expect(page.locator(".message--user")).to_have_count(1)
    model_server.release()
    proxy.mend()
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    expect(page.get_by_text("The connection was lost")).to_have_count(0)
    assert get_answer_text(page) == build_whole_answer(200)
    assert (Turn.objects.get().state, UsageEvent.objects.count()) == ("finished", 1)


def test_a_message_whose_response_was_lost_is_sent_once(
    person: Person, proxy: TcpProxy, model_server: ModelServer
) -> None:
    open_chat(person, model_server, "normal:20:40")
    page = person.page
    # The server gets the message, but its response is lost.
    page.evaluate(LOSE_FIRST_RESPONSE)

    send_message(page, "Only once")

    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    assert get_answer_text(page) == build_whole_answer(20)
    assert Message.objects.filter(role="user").values_list("content", flat=True).get() == "Only once"
    assert (Conversation.objects.count(), UsageEvent.objects.count()) == (1, 1)


def test_a_message_that_cannot_be_sent_stays_in_the_composer(
    person: Person, proxy: TcpProxy, model_server: ModelServer
) -> None:
    open_chat(person, model_server, "echo")
    page = person.page
    proxy.cut()

    send_message(page, "Words that must not get lost")

    expect(page.locator("[data-chat-error]")).to_contain_text("Your message is still in the composer.")
    expect(page.get_by_label("Message", exact=True)).to_have_value("Words that must not get lost")
    proxy.mend()
    page.reload()
    expect(page.get_by_label("Message", exact=True)).to_have_value("Words that must not get lost")
    person.press("Send")
    expect(page.locator(".message--assistant .message__text")).to_have_text("Words that must not get lost")
    assert Turn.objects.count() == 1


def test_a_notice_names_a_silent_model_until_it_answers(person: Person, model_server: ModelServer) -> None:
    open_chat(person, model_server, "slow-first:13")
    page = person.page
    send_message(page, "Are you there?")
    silent = page.get_by_text("The model has not answered for a while. Wait, or stop it.")

    expect(silent).to_be_visible()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()

    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    expect(silent).to_have_count(0)
    assert get_answer_text(page) == build_whole_answer(13)
    person.assert_quiet()


def test_after_a_restart_of_the_web_process_the_turn_is_interrupted_with_its_text(
    person: Person, proxy: TcpProxy, model_server: ModelServer
) -> None:
    first, second = start_web_service("restart-1"), None
    try:
        proxy.mend(first.port)
        open_chat(person, model_server, "normal:4000:40")
        page = person.page
        send_message(page, "A long story")
        expect(page.locator(".message--running .message__text")).to_contain_text("order")
        page.wait_for_timeout(600)
        os.killpg(first.process.pid, signal.SIGKILL)
        first.process.wait(60)
        second = start_web_service("restart-2")
        proxy.mend(second.port)

        note = page.get_by_text("The server stopped while answering. What had arrived is kept.")
        expect(note).to_be_visible(timeout=90_000)
        expect(page.locator(".message--assistant .message__text")).to_contain_text("arch light square")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        kept = Message.objects.get(role="assistant").content
        assert kept.startswith("arch light square")
        assert (Turn.objects.get().state, UsageEvent.objects.count()) == ("interrupted", 0)
    finally:
        first.stop()
        if second is not None:
            second.stop()


def test_a_second_tab_follows_the_answer_of_the_first(person: Person, model_server: ModelServer) -> None:
    gpt = open_chat(person, model_server, "echo")
    page = person.page
    send_message(page, "first words")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    second = person.context.new_page()
    second.goto(page.url)
    second.get_by_label("Message", exact=True).fill("not sent yet")
    model_server.state.control = "held:120"

    send_message(page, "second words")

    expect(second.locator(".message--user .message__text").last).to_have_text("second words")
    expect(second.locator(".message--running .message__text")).to_contain_text("merchant")
    # Sending now is refused with a message, and the typed text is kept.
    second.get_by_label("Message", exact=True).press("Enter")
    expect(second.locator("[data-chat-error]")).to_contain_text("An answer is still being written.")
    expect(second.get_by_label("Message", exact=True)).to_have_value("not sent yet")
    model_server.release()
    for tab in (page, second):
        expect(tab.get_by_role("button", name="Answer again")).to_have_count(2)
        assert get_answer_text(tab) == build_whole_answer(120)
    expect(second.locator("[data-chat-error]")).to_have_text("")
    with system_scope("tests"):
        assert Turn.objects.filter(gpt=gpt).count() == 2


def test_a_running_turn_of_another_device_is_reported_and_then_shown(
    person: Person, model_server: ModelServer, browser: Browser
) -> None:
    """Devices do not notify each other: the second one is refused, follows the answer, and sends again."""
    open_chat(person, model_server, "echo")
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
        model_server.state.control = "held:100"
        send_message(phone, "from the phone")
        expect(phone.locator(".message--running .message__text")).to_contain_text("light")

        send_message(page, "from the desk")

        expect(page.locator("[data-chat-error]")).to_contain_text("still being written")
        expect(page.get_by_label("Message", exact=True)).to_have_value("from the desk")
        expect(page.locator(".message--user .message__text").last).to_have_text("from the phone")
        model_server.release()
        expect(page.get_by_role("button", name="Answer again")).to_have_count(2)
        model_server.state.control = "echo"
        person.press("Send")
        expect(page.locator(".message--assistant .message__text").last).to_have_text("from the desk")
        # The phone does not show the third turn yet; the answer to its fourth one adds it.
        send_message(phone, "once more")
        expect(phone.get_by_role("button", name="Answer again")).to_have_count(4)
        asked = phone.locator(".message--user .message__text").all_inner_texts()
        assert asked == ["first words", "from the phone", "from the desk", "once more"]
    finally:
        other.close()
