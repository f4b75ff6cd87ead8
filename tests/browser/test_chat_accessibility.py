"""All states of a chat page have no serious axe violations, light or dark, and fit a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from core.scope import system_scope
from gpts.chat.models import SharedConversation
from tests.fakes.openai_server import ModelServer
from tests.support.accessibility import CONTRAST, SETTLED, WCAG, find_barriers
from tests.support.answers import RICH_ANSWER
from tests.support.browser import WIDER_THAN_WINDOW, Person, send_message
from tests.support.chat import configure_model, create_citing_turn, create_gpt_with_file, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService


@pytest.fixture
def person(browser: Browser, server: WebService) -> Iterator[Person]:
    made = Person(browser, server.url, "Rita")
    yield made
    made.close()


class Inspector:
    """Checks the current page in both themes and at two widths."""

    def __init__(self, person: Person) -> None:
        self.page, self.axe, self.problems = person.page, Axe(), list[str]()

    def check(self, state: str) -> None:
        page = self.page
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(WIDER_THAN_WINDOW):
                self.problems.append(f"{state} is wider than {width} pixels")
        for theme, rules in (("light", WCAG), ("dark", CONTRAST)):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]  # both are
            page.evaluate(SETTLED)
            self.problems += [
                f"{state}, {theme}: {barrier}" for barrier in find_barriers(page, self.axe, rules)
            ]


def test_no_state_of_a_chat_has_axe_violations(person: Person, model_server: ModelServer) -> None:
    with system_scope("tests"):
        reader = UserFactory.create(display_name="Rita")
        gpt, passage = create_gpt_with_file()
        cited = create_citing_turn(reader, gpt, passage.pk)
        talker = create_public_gpt(
            configure_model(model_server.url, "verbatim"), starters=["Begin", "Or here"]
        )
    person.enter(reader)
    page, inspector = person.page, Inspector(person)

    person.go(f"/g/{talker.slug}/chat")
    inspector.check("empty")
    person.go(f"/g/{talker.slug}/chat?temporary=1")
    inspector.check("temporary")
    person.go(f"/g/{talker.slug}/chat")
    send_message(page, RICH_ANSWER)
    expect(page.get_by_role("button", name="Answer again")).to_be_visible()
    inspector.check("an answer")
    page.get_by_text("Details").click()
    person.press("Bad answer")
    expect(page.get_by_text("What was wrong with it?")).to_be_visible()
    inspector.check("details and reasons")
    page.get_by_text("Edit message").click()
    inspector.check("the editor")
    page.keyboard.press("Escape")
    page.get_by_label("Message", exact=True).fill("x" * 32_001)
    person.press("Send")
    expect(page.locator("[data-chat-error]")).to_contain_text("32,001")
    inspector.check("an error")
    page.get_by_label("Message", exact=True).fill("@")
    expect(page.get_by_role("listbox")).to_be_visible()
    inspector.check("GPTs to call")
    page.get_by_label("Message", exact=True).fill("")
    page.keyboard.press("Control+/")
    inspector.check("the keys")
    person.go(f"/c/{cited.conversation_id}")
    page.locator("a.citation").click()
    expect(page.locator("#passage")).to_be_visible()
    inspector.check("a passage")
    person.go(f"/c/{cited.conversation_id}/share")
    person.press("Make the link")
    person.sees("Shared link")
    inspector.check("sharing")
    for path in ("/c/", "/c/?q=returns", "/c/?q=nothing+says+this", "/c/shared"):
        person.go(path)
        inspector.check(path)
    person.go(f"/s/{SharedConversation.objects.get().token}")
    inspector.check("a shared conversation")

    assert inspector.problems == []
    person.assert_quiet()
