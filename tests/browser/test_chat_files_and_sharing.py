"""Attachments, feedback and share links of a chat in a browser."""

from __future__ import annotations

from playwright.sync_api import Browser, FilePayload, Page, expect

from gpts.chat.models import Attachment, SharedConversation, TurnFeedback
from tests.fakes.openai_server import ModelServer
from tests.support.browser import open_chat, send_message
from tests.support.services import WebService, WorkerService


def attach_file(page: Page, name: str, media_type: str, data: bytes) -> None:
    file: FilePayload = {"name": name, "mimeType": media_type, "buffer": data}
    page.locator("[data-composer-files]").set_input_files(file)


def test_an_attached_file_is_read_by_the_worker_and_shown_with_the_question(
    server: WebService, worker: WorkerService, page: Page, model_server: ModelServer
) -> None:
    complaints = open_chat(page, server, model_server, "echo")
    attach_file(page, "bees.md", "text/markdown", b"The queen is called Mirelbane.")
    # The message waits for the worker without the person's help.
    send_message(page, "Who is the queen?")

    expect(page.locator(".message--user .attachment__name")).to_have_text("bees.md", timeout=90_000)
    expect(page.get_by_role("button", name="Answer again")).to_be_visible(timeout=90_000)
    sent = str(model_server.state.requests[-1])
    assert "Mirelbane" in sent
    page.reload()
    expect(page.locator(".message--user .attachment__name")).to_have_text("bees.md")
    expect(page.locator("[data-composer-list] li")).to_have_count(0)
    attachment = Attachment.objects.get()
    assert (attachment.state, attachment.turn_id is not None) == ("ready", True)
    assert complaints == []


def test_a_refused_file_shows_the_reason_and_can_be_removed(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    open_chat(page, server, model_server, "normal:5")
    attach_file(page, "run.exe", "application/octet-stream", b"MZ")
    chip = page.locator("[data-composer-list] li")
    expect(chip).to_contain_text("Files of this type cannot be read")
    page.get_by_role("button", name="Remove: run.exe").click()
    expect(chip).to_have_count(0)
    assert not Attachment.objects.exists()


def test_text_too_long_for_a_message_is_sent_as_a_file(
    server: WebService, worker: WorkerService, page: Page, model_server: ModelServer
) -> None:
    complaints = open_chat(page, server, model_server, "normal:5")
    field = page.get_by_label("Message", exact=True)
    pasted = "The queen is called Mirelbane. " * 6_500
    field.fill(pasted)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("[data-chat-error]")).to_contain_text("201,499 characters; at most 32,000 fit")
    expect(field).to_have_value(pasted)

    page.get_by_role("button", name="Attach it as a file").click()

    expect(page.locator("[data-composer-list] .attachment__name")).to_have_text("pasted.txt")
    expect(page.locator("[data-chat-error]")).to_be_empty()
    expect(field).to_have_value("")
    send_message(page, "Who is she?")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible(timeout=90_000)
    assert "Mirelbane" in str(model_server.state.requests[-1])
    attachment = Attachment.objects.get()
    assert (attachment.state, attachment.size) == ("ready", len(pasted))
    assert complaints == []


def test_a_too_large_file_is_not_sent(server: WebService, page: Page, model_server: ModelServer) -> None:
    complaints = open_chat(page, server, model_server, "normal:5")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.locator("[data-composer]").evaluate("form => { form.dataset.attachBytes = '1000' }")

    attach_file(page, "large.txt", "text/plain", b"x" * 1_001)

    expect(page.locator("[data-composer-list] li")).to_contain_text("Larger than 20.0")
    assert (sent, complaints, Attachment.objects.count()) == ([], [], 0)


def test_a_thumb_down_asks_for_a_reason_and_can_be_withdrawn(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    complaints = open_chat(page, server, model_server, "normal:5")
    send_message(page, "Hello")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()

    page.get_by_role("button", name="Bad answer").click()
    page.get_by_role("button", name="Not correct").click()
    expect(page.get_by_role("button", name="Not correct")).to_have_attribute("aria-pressed", "true")
    given = TurnFeedback.objects.get()
    assert (given.is_positive, given.reason) == (False, "wrong")
    page.reload()
    expect(page.get_by_text("The creator sees counts only, never your chat.")).to_be_visible()
    page.get_by_role("button", name="Bad answer").click()
    expect(page.get_by_text("What was wrong with it?")).to_have_count(0)
    assert not TurnFeedback.objects.exists()
    assert complaints == []


def test_a_share_link_works_for_visitors_until_it_is_revoked(
    server: WebService, page: Page, model_server: ModelServer, browser: Browser
) -> None:
    open_chat(page, server, model_server, "normal:5")
    send_message(page, "Something worth sharing")
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()

    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Shared link").input_value()

    with browser.new_context() as context:
        stranger = context.new_page()
        asked: list[str] = []
        stranger.on("request", lambda request: asked.append(request.url))
        stranger.goto(link)
        expect(stranger.locator(".message--user .message__text")).to_have_text("Something worth sharing")
        assert all(url.startswith(server.url) for url in asked)

        page.get_by_role("button", name="Stop sharing").click()
        expect(page.get_by_role("button", name="Make the link")).to_be_visible()
        response = stranger.reload()
        assert response is not None
        assert response.status == 410
        expect(stranger.get_by_text("This conversation is not shared any more.")).to_be_visible()
    assert SharedConversation.objects.get().removed_at is not None
