"""A visitor asks a GPT on its page, makes an account, and finds the answer; the question is sent once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from core.scope import system_scope
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.states import MessageRole
from marketplace.models import Listing, Rating
from marketplace.services.listings import publish_listing
from tests.fakes.openai_server import ModelServer
from tests.support.browser import Person, get_production_hashers
from tests.support.chat import configure_provider, create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService, WorkerService
from tests.support.web_client import CSRF, MakeWebClient

QUESTION = "Does the **question** arrive?"


@pytest.fixture
def rita(browser: Browser, server: WebService, settings: Any) -> Iterator[Person]:
    settings.PASSWORD_HASHERS = get_production_hashers()
    person = Person(browser, server.url, "Rita")
    yield person
    person.close()
    person.assert_quiet()


def list_gpt(**fields: Any) -> Listing:
    with system_scope("tests"):
        gpt = create_public_gpt(name="Essay coach", **fields)
        return publish_listing(gpt=gpt, version=gpt.versions.get(), by=None, at=timezone.now())


def get_questions() -> list[str]:
    with system_scope("tests"):
        return list(Message.objects.filter(role=MessageRole.USER).values_list("content", flat=True))


def test_a_visitors_question_is_sent_once_they_have_an_account(
    rita: Person, worker: WorkerService, model_server: ModelServer
) -> None:
    configure_provider(model_server.url)
    listing = list_gpt(starters=["Begin here"])
    page = rita.page
    rita.go(f"/g/{listing.slug}")
    rita.show("about-ask")
    page.get_by_label("Your question to Essay coach").fill(QUESTION)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**/accounts/signup/**")
    expect(page.locator(".auth-intent strong")).to_have_text("Essay coach")
    expect(page.locator(".auth-intent__question")).to_have_text(QUESTION)
    rita.sign_up()

    page.wait_for_url("**/c/*")
    answer = page.locator(".message--assistant .message__text strong")
    expect(answer).to_have_text("question")
    expect(page.locator(".message--user .message__text").first).to_have_text(QUESTION)
    page.reload()
    expect(answer).to_have_text("question")
    page.go_back()
    page.wait_for_load_state()
    rita.go(f"/g/{listing.slug}/chat/asked")
    page.wait_for_url(f"**/g/{listing.slug}/chat")
    expect(page.get_by_label("Message", exact=True)).to_have_value("")
    assert get_questions() == [QUESTION]

    # Signed in, a starter of the page is sent at once.
    rita.go(f"/g/{listing.slug}")
    page.get_by_role("button", name="Begin here").click()
    page.wait_for_url("**/c/*")
    expect(page.locator(".message--user .message__text").first).to_have_text("Begin here")
    assert get_questions() == [QUESTION, "Begin here"]


def test_a_new_chat_is_chosen_and_a_gpt_rated_without_leaving_the_chat(
    rita: Person, model_server: ModelServer
) -> None:
    configure_provider(model_server.url)
    listing = list_gpt()
    reader = UserFactory.create()
    with system_scope("tests"):
        conversation = create_conversation(reader, gpt=listing.gpt)
        create_conversation(reader, gpt=create_public_gpt(name="Tea guide"))
    rita.enter(reader)
    rita.go(f"/c/{conversation.pk}")
    page = rita.page

    page.locator("summary", has_text="More").click()
    page.get_by_role("link", name="Rate this GPT").click()
    dialog = page.locator("dialog[open]")
    dialog.locator(".stars-input__star").nth(3).click()
    dialog.get_by_role("button", name="Rate it").click()
    expect(dialog.get_by_role("status")).to_contain_text("Your rating is saved.")
    page.keyboard.press("Escape")
    assert page.url.endswith(f"/c/{conversation.pk}")
    with system_scope("tests"):
        assert Rating.objects.get(listing=listing).stars == 4

    page.keyboard.press("n")
    search = dialog.get_by_label("Search GPTs by name")
    expect(search).to_be_focused()
    expect(dialog.get_by_role("link", name="New chat with Essay coach")).to_be_visible()
    rita.show("new-chat")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(dialog.locator(".choices__item").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(search).to_be_focused()
    search.fill("tea")
    expect(dialog.locator(".choices__item")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/chat")
    expect(page.get_by_role("heading", name="Tea guide")).to_be_visible()


def test_parallel_requests_send_a_question_once(
    make_web_client: MakeWebClient, instance_provider: ModelServer
) -> None:
    listing = list_gpt()
    reader = make_web_client(UserFactory.create())
    url = f"/g/{listing.slug}/chat/asked"

    def ask(text: str) -> None:
        kept = reader.http.post(f"/g/{listing.slug}/ask", data={"text": text, "csrfmiddlewaretoken": CSRF})
        assert kept.headers["Location"] == url

    ask(QUESTION)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _number: reader.http.get(url), range(4)))

    places = {answer.headers["Location"] for answer in answers}
    with system_scope("tests"):
        conversation = Conversation.objects.get()
        assert Turn.objects.count() == 1
    assert f"/c/{conversation.pk}#end" in places
    assert places <= {f"/c/{conversation.pk}#end", f"/g/{listing.slug}/chat"}
    assert get_questions() == [QUESTION]
