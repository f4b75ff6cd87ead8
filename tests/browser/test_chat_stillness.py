"""Nothing moves when an answer ends: the place of what comes below it is kept while it is written."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.fakes.openai_server import ModelServer
from tests.support.browser import Person, send_message
from tests.support.chat import configure_model, create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService

# From the moment that the question is on the page: each height of the column's content, and each place of the
# question and of the answer's text.
SAMPLE = """() => {
  const column = document.getElementById("column");
  const seen = (window.seen = []);
  const top = (element) => Math.round(element.getBoundingClientRect().top);
  const look = () => {
    const turn = column.querySelector("section.turn:last-of-type");
    const text = turn?.querySelector(".message--assistant .message__text");
    if (turn && text && turn.textContent.includes("Short"))
      seen.push([column.scrollHeight, Math.round(column.scrollTop), top(turn), top(text)].join(" "));
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_moves_when_an_answer_ends(
    browser: Browser, server: WebService, model_server: ModelServer, width: int
) -> None:
    person = Person(browser, server.url, "Rita")
    page = person.page
    page.set_viewport_size({"width": width, "height": 500})
    gpt = create_public_gpt(configure_model(model_server.url, "echo"))
    reader = UserFactory.create()
    conversation = create_conversation(reader, gpt=gpt, turns=6)
    person.enter(reader)
    person.go(f"/c/{conversation.pk}")
    turns = page.locator("section.turn")

    def get_seen(ask: Any, branches: list[str]) -> list[str]:
        page.evaluate(SAMPLE)
        ask()
        expect(turns).to_have_count(7)
        expect(turns.last.locator(".branches__place")).to_have_text(branches)
        expect(turns.last).to_have_attribute("data-position", re.compile(r"\d"))
        page.wait_for_timeout(300)  # what comes later would move it too
        seen: list[str] = page.evaluate("seen.filter((line, at) => line !== seen[at - 1])")
        return seen

    sent = get_seen(lambda: send_message(page, "Short."), [])
    assert len(sent) == 1, sent
    # A repeated answer has the arrows of its branches below it.
    again = get_seen(page.get_by_role("button", name="Answer again", exact=True).last.click, ["2/2"])
    assert again[-1].split()[0] == again[1].split()[0], again
    assert len(again) <= 2, again  # as it was, then the repeated one
    # A reader who is further up stays there.
    page.evaluate("document.getElementById('column').scrollTop = 20")
    page.evaluate(SAMPLE)
    page.get_by_label("Message", exact=True).fill("Short as well.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(turns).to_have_count(8)
    expect(turns.last).to_have_attribute("data-position", re.compile(r"\d"))
    assert len({line.split()[0] for line in page.evaluate("seen.slice(1)")}) <= 2
    person.close()
    person.assert_quiet()
