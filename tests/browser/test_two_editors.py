"""Two browsers on one draft: presence, updates of fields, conflicts, the preview."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.providers import ensure_offline_provider
from tests.fakes.openai_server import ModelServer
from tests.support.browser import Person
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService
from tests.support.times import NOW

SLOW = 30_000


@pytest.fixture
def gpt(server: WebService) -> GPT:
    ensure_offline_provider(at=NOW)
    owner, admin = UserFactory.create(display_name="Ada"), UserFactory.create(display_name="Bert")
    return GPTFactory.create(owner=owner, workspace=create_company(admin, builder=owner))


@pytest.fixture
def editors(browser: Chromium, server: WebService, gpt: GPT) -> Iterator[tuple[Person, Person]]:
    """The owner in two browsers."""
    people = (Person(browser, server.url, "Ada"), Person(browser, server.url, "Ada again"))
    for person in people:
        person.enter(gpt.owner)
        person.go(f"/build/{gpt.slug}/configure")
        expect(person.page.locator("[data-presence][data-beaten]")).to_have_count(1)
    yield people
    for person in people:
        person.close()


def expect_saved(person: Person) -> None:
    expect(person.page.locator("[data-save-state]")).to_have_text("Saved just now")


def test_two_editors_lose_nothing(editors: tuple[Person, Person], gpt: GPT) -> None:
    first, second = editors
    first.page.get_by_label("Instructions", exact=True).fill("Written first.")
    expect_saved(first)

    # The second edits another field and then the same one, before seeing the first's text.
    second.page.get_by_label("Description", exact=True).fill("Written second.")
    expect_saved(second)

    # Untouched fields are updated; no edit is overwritten silently.
    expect(second.page.get_by_label("Instructions", exact=True)).to_have_value("Written first.")
    gpt.refresh_from_db()
    assert (gpt.instructions, gpt.description) == ("Written first.", "Written second.")
    second.page.get_by_label("Name", exact=True).fill("From the second")
    expect_saved(second)
    first.page.get_by_label("Name", exact=True).fill("From the first")
    conflict = first.page.locator(".build-conflict")
    expect(conflict).to_contain_text("From the second")
    expect(first.page.get_by_label("Name", exact=True)).to_have_value("From the first")
    expect(first.page.get_by_label("Description", exact=True)).to_have_value("Written second.")
    conflict.get_by_role("button", name="Keep mine").click()
    expect_saved(first)
    gpt.refresh_from_db()
    assert (gpt.name, gpt.description) == ("From the first", "Written second.")


def test_other_editors_are_shown_until_they_leave(browser: Chromium, server: WebService, gpt: GPT) -> None:
    ada, bert = Person(browser, server.url, "Ada"), Person(browser, server.url, "Bert")
    ada.enter(gpt.owner)
    bert.enter(gpt.workspace.members.get(role="owner").user)
    ada.go(f"/build/{gpt.slug}/configure")
    expect(ada.page.locator("[data-presence]")).to_be_hidden()
    bert.go(f"/build/{gpt.slug}/configure")

    expect(bert.page.locator("[data-presence-list] li")).to_have_attribute("title", "Ada")
    expect(ada.page.locator("[data-presence-list] li")).to_have_attribute("title", "Bert", timeout=SLOW)
    bert.page.goto("about:blank")
    expect(ada.page.locator("[data-presence]")).to_be_hidden(timeout=SLOW)
    ada.assert_quiet()
    ada.close()
    bert.close()


def test_the_preview_uses_text_that_was_just_typed(
    browser: Chromium, server: WebService, gpt: GPT, instance_provider: ModelServer
) -> None:
    with system_scope("tests"):
        provider = ModelProvider.objects.get(name="OpenAI-compatible")
        gpt.language_model = LanguageModel.objects.create(
            provider=provider, name="normal", label="normal", context_window=8_000, max_output_tokens=500
        )
        gpt.save(update_fields=["language_model"])
    ada = Person(browser, server.url, "Ada")
    ada.enter(gpt.owner)
    ada.go(f"/build/{gpt.slug}/configure")

    ada.page.get_by_label("Message", exact=True).fill("Hello")
    ada.page.get_by_label("Instructions", exact=True).fill("Typed right before sending.")
    ada.page.get_by_role("button", name="Send", exact=True).click()
    expect(ada.page.locator(".preview-chat .message--assistant:not(.message--running)")).to_have_count(1)

    assert "Typed right before sending." in str(instance_provider.state.requests[0]["body"])
    ada.page.get_by_role("button", name="Debug").click()
    panel = ada.page.locator("[data-debug-panel]")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("Prompt as it was sent")
    expect(panel).to_contain_text("Typed right before sending.")
    ada.page.reload()
    expect(ada.page.locator("[data-debug-panel]")).to_be_visible()
    ada.assert_quiet()
    ada.close()


def test_too_long_instructions_are_refused_and_kept(editors: tuple[Person, Person], gpt: GPT) -> None:
    first, _second = editors

    first.page.get_by_label("Instructions", exact=True).fill("字" * 200_000)

    expect(first.page.locator("[data-save-state]")).to_contain_text("marked fields")
    first.sees("too long")
    assert len(first.page.get_by_label("Instructions", exact=True).input_value()) == 200_000
    gpt.refresh_from_db()
    assert gpt.instructions == "Ask before you correct."
