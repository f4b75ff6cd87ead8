"""Chatting in a browser: streaming, stop, retry, edit, failures, hostile answers, history."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from gpts.chat.models import Conversation, Turn
from tests.fakes.openai_server import ModelServer
from tests.support.browser import open_chat, send_message, sign_in_page
from tests.support.chat import create_citing_turn, create_gpt_with_file
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService


def test_a_message_streams_into_the_page_and_stays_after_a_reload(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    complaints = open_chat(page, server, model_server, "normal:20:40")

    send_message(page, "Hello there")

    expect(page.locator(".message--user .message__text")).to_have_text("Hello there")
    expect(page.locator(".message--running .message__text")).to_contain_text("arch")
    expect(page.locator(".message--assistant .message__text > p").first).to_contain_text("order")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    assert page.url.endswith(f"/c/{Conversation.objects.get().pk}")
    page.reload()
    expect(page.locator(".message--assistant .message__text")).to_contain_text("arch light")
    send_message(page, "And more")
    expect(page.locator(".message--assistant")).to_have_count(2)
    expect(page.locator(".message--running")).to_have_count(0)
    assert Turn.objects.filter(state="finished").count() == 2
    assert complaints == []


def test_a_starter_starts_a_chat_and_stop_keeps_the_text(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    complaints = open_chat(page, server, model_server, "normal:5000:50")

    page.get_by_role("button", name="Begin here").click()
    expect(page.locator(".message--running .message__text")).to_contain_text("arch light")
    page.get_by_role("button", name="Stop", exact=True).click()

    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    expect(page.locator(".message--assistant .message__text")).to_contain_text("arch light")
    assert Turn.objects.get().state == "stopped"
    assert complaints == []


def test_a_failure_is_shown_in_the_chat_and_can_be_retried(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    open_chat(page, server, model_server, "rate-limited")
    send_message(page, "My question")
    expect(page.get_by_text("The model is busy. Try again in 7 seconds.")).to_be_visible()
    expect(page.locator(".message--user .message__text")).to_have_text("My question")
    model_server.state.control = "echo"

    page.get_by_role("button", name="Try again").click()

    expect(page.locator(".message--assistant .message__text")).to_have_text("My question")
    expect(page.locator(".message--user")).to_have_count(1)


def test_the_last_message_is_edited_in_place(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    open_chat(page, server, model_server, "echo")
    send_message(page, "first words")
    expect(page.locator(".message--assistant .message__text")).to_have_text("first words")
    page.reload()

    page.get_by_text("Edit message").click()
    page.get_by_label("Your message").fill("other words")
    page.get_by_role("button", name="Send again").click()

    expect(page.locator(".message--assistant .message__text")).to_have_text("other words")
    expect(page.locator(".message--user .message__text")).to_have_text("other words")


def test_a_refused_message_stays_in_the_composer(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    open_chat(page, server, model_server, "echo")

    send_message(page, "x" * 32_001)

    expect(page.locator("[data-chat-error] p")).to_have_text(
        "This message has 32,001 characters; at most 32,000 fit. Shorten it or attach it as a file."
    )
    expect(page.get_by_label("Message", exact=True)).to_have_value("x" * 32_001)
    assert Turn.objects.count() == 0


def test_a_hostile_answer_calls_no_other_host_and_runs_no_script(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    complaints = open_chat(page, server, model_server, "echo")

    send_message(
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


def test_another_tab_follows_a_running_answer(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    open_chat(page, server, model_server, "held:60")
    send_message(page, "Long")
    expect(page.locator(".message--running .message__text")).to_contain_text("arch")

    second = page.context.new_page()
    second.goto(page.url)

    expect(second.locator(".message--running .message__text")).to_contain_text("arch light")
    model_server.release()
    expect(second.locator(".message--running")).to_have_count(0)
    expect(second.locator(".message--assistant .message__text")).to_contain_text("order")


def test_a_citation_opens_its_passage_beside_the_text(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    complaints = open_chat(page, server, model_server, "normal:3")
    gpt, passage = create_gpt_with_file()
    reader = UserFactory.create(display_name="Reader")
    turn = create_citing_turn(reader, gpt, passage.pk)
    sign_in_page(page, server, reader)
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


def test_a_cut_answer_goes_on_by_its_button(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    complaints = open_chat(page, server, model_server, "length:5")
    send_message(page, "Tell me all")
    expect(page.get_by_text("This answer ends at the model's limit")).to_be_visible()
    model_server.state.control = "normal:3"

    page.get_by_role("button", name="Continue", exact=True).click()

    expect(page.locator(".message--assistant")).to_have_count(2)
    expect(page.locator(".message--user .message__text").last).to_contain_text("Continue exactly")
    expect(page.get_by_role("button", name="Answer again")).to_have_count(2)
    expect(page.get_by_role("button", name="Continue", exact=True)).to_have_count(0)
    assert complaints == []


def test_thinking_is_folded_away_while_it_streams_and_afterwards(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    events = ["Hm, depots.", "\\n</think>\\n\\n", "The depot ", "opens at seven."]
    model_server.state.played["play-slow"] = (
        "<wait 1s>\n".join(f'data: {{"choices":[{{"delta":{{"content":"{text}"}}}}]}}\n\n' for text in events)
        + 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    )
    complaints = open_chat(page, server, model_server, "play-slow")

    send_message(page, "When?")

    answer = page.locator(".message--assistant")
    running = page.locator(".message--running")
    # Thinking that nothing opened is text until its end is read.
    expect(running.locator(".message__thinking summary")).to_have_text("Thinking")
    expect(running.locator(".message__text")).not_to_contain_text("Hm, depots.")
    expect(running.locator(".message__thoughts")).to_be_hidden()
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    expect(answer.locator(".message__text")).to_have_text("The depot opens at seven.")
    answer.locator(".message__thinking summary").click()
    expect(answer.locator(".message__thoughts")).to_have_text("Hm, depots.")
    assert complaints == []
