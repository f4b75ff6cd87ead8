"""Chatting in a real browser: streaming, stop, retry, edit, failures, hostile answers, history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from gpts.chat.models import Conversation, Turn
from tests.fakes.openai_server import Running, start_in_thread
from tests.gpts.chat.stage import a_model, a_public_gpt, a_user
from tests.gpts.chat.test_sources import a_citing_turn, a_knowing_gpt
from tests.support.services import WebService
from workspaces.models import User


@pytest.fixture(scope="module")
def model_server() -> Iterator[Running]:
    running = start_in_thread()
    yield running
    running.stop()


def sign_in(page: Page, server: WebService, user: User) -> None:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": server.url}])


def open_chat(page: Page, server: WebService, model_server: Running, model: str) -> list[str]:
    """Open an empty chat with a GPT on ``model``; returns the list that collects complaints."""
    model_server.state.control = ""
    gpt = a_public_gpt(a_model(model_server.url, model), starters=["Begin here"])
    sign_in(page, server, a_user("Reader"))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/g/{gpt.slug}/chat")
    return complaints


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def test_a_message_streams_into_the_page_and_stays_after_a_reload(
    server: WebService, page: Page, model_server: Running
) -> None:
    complaints = open_chat(page, server, model_server, "normal:20:40")

    say(page, "Hello there")

    expect(page.locator(".message--user .message__text")).to_have_text("Hello there")
    expect(page.locator(".message--running .message__text")).to_contain_text("arch")
    expect(page.locator(".message--assistant .message__text > p").first).to_contain_text("order")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    assert page.url.endswith(f"/c/{Conversation.objects.get().pk}")
    page.reload()
    expect(page.locator(".message--assistant .message__text")).to_contain_text("arch light")
    say(page, "And more")
    expect(page.locator(".message--assistant")).to_have_count(2)
    expect(page.locator(".message--running")).to_have_count(0)
    assert Turn.objects.filter(state="finished").count() == 2
    assert complaints == []


def test_a_starter_begins_and_stop_keeps_the_text(
    server: WebService, page: Page, model_server: Running
) -> None:
    complaints = open_chat(page, server, model_server, "normal:5000:50")

    page.get_by_role("button", name="Begin here").click()
    expect(page.locator(".message--running .message__text")).to_contain_text("arch light")
    page.get_by_role("button", name="Stop", exact=True).click()

    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    expect(page.locator(".message--assistant .message__text")).to_contain_text("arch light")
    assert Turn.objects.get().state == "stopped"
    assert complaints == []


def test_a_failure_is_told_in_the_chat_and_tried_again(
    server: WebService, page: Page, model_server: Running
) -> None:
    open_chat(page, server, model_server, "rate-limited")
    say(page, "My question")
    expect(page.get_by_text("The model is busy. Try again in 7 seconds.")).to_be_visible()
    expect(page.locator(".message--user .message__text")).to_have_text("My question")
    model_server.state.control = "echo"

    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".message--assistant .message__text")).to_have_text("My question")
    expect(page.locator(".message--user")).to_have_count(1)


def test_the_last_message_is_edited_in_place(server: WebService, page: Page, model_server: Running) -> None:
    open_chat(page, server, model_server, "echo")
    say(page, "first words")
    expect(page.locator(".message--assistant .message__text")).to_have_text("first words")
    page.reload()

    page.get_by_text("Edit message").click()
    page.get_by_label("Your message").fill("other words")
    page.get_by_role("button", name="Send again").click()

    expect(page.locator(".message--assistant .message__text")).to_have_text("other words")
    expect(page.locator(".message--user .message__text")).to_have_text("other words")


def test_what_is_refused_stays_in_the_composer(server: WebService, page: Page, model_server: Running) -> None:
    open_chat(page, server, model_server, "echo")

    say(page, "x" * 32_001)

    expect(page.locator("[data-chat-error] p")).to_have_text(
        "This message has 32,001 characters; at most 32,000 fit. Shorten it or attach it as a file."
    )
    expect(page.get_by_label("Message", exact=True)).to_have_value("x" * 32_001)
    assert Turn.objects.count() == 0


def test_a_hostile_answer_calls_no_other_host_and_runs_nothing(
    server: WebService, page: Page, model_server: Running
) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    complaints = open_chat(page, server, model_server, "echo")

    say(
        page,
        '<img src=x onerror="document.title=1"> ![a](https://evil.example/p?d=1) '
        "[b](javascript:alert(1)) <script>document.title=2</script>",
    )

    link = page.locator(".message--assistant a.image-link")
    expect(link).to_have_attribute("href", "https://evil.example/p?d=1")
    expect(page.locator(".message--assistant img")).to_have_count(0)
    page.reload()
    expect(page.locator(".message--assistant a.image-link")).to_be_visible()
    assert hosts == {server.url.removeprefix("http://")}
    assert complaints == []
    assert "Loggia" in page.title()


def test_another_tab_watches_a_running_answer(server: WebService, page: Page, model_server: Running) -> None:
    open_chat(page, server, model_server, "normal:60:20")
    say(page, "Long")
    expect(page.locator(".message--running .message__text")).to_contain_text("arch")

    second = page.context.new_page()
    second.goto(page.url)

    expect(second.locator(".message--running .message__text")).to_contain_text("arch light")
    expect(second.locator(".message--running")).to_have_count(0, timeout=8_000)
    expect(second.locator(".message--assistant .message__text")).to_contain_text("order")


def test_a_citation_opens_its_passage_beside_the_text(
    server: WebService, page: Page, model_server: Running
) -> None:
    complaints = open_chat(page, server, model_server, "normal:3")
    gpt, passage = a_knowing_gpt()
    reader = a_user("Reader")
    turn = a_citing_turn(reader, gpt, passage.pk)
    sign_in(page, server, reader)
    page.goto(f"{server.url}/c/{turn.conversation_id}")
    chip, aside = page.locator("a.citation"), page.locator("#passage")

    chip.press("Enter")

    expect(aside).to_contain_text("Returns <b>are</b> accepted within 30 days")
    expect(aside).to_be_focused()
    expect(chip).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(aside).to_be_hidden()
    expect(chip).to_be_focused()
    page.get_by_text("Sources", exact=True).click()
    page.get_by_role("link", name="returns.txt").click()
    expect(aside).to_be_visible()
    aside.get_by_role("button", name="Close").click()
    expect(aside).to_be_hidden()
    assert page.url.endswith(f"/c/{turn.conversation_id}")
    assert complaints == []
