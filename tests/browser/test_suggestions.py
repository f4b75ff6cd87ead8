"""The list below a search field in a browser: keys, input methods, late answers, phones, no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, Route, expect

from marketplace.models import Listing
from tests.support.accessibility import SETTLED, WCAG, find_barriers
from tests.support.browser import WIDER_THAN_WINDOW, Person
from tests.support.marketplace import make_listing
from tests.support.services import WebService

NAMES = ["Letter writer", "Cover letter coach", "Letters of complaint", "古文翻译"]
FIELDS = {"/": "#store-search", "/leaderboards": "#site-search"}
COMPOSE = """(field, [type, value]) => {
  field.value = value;
  if (type !== "input") return field.dispatchEvent(new CompositionEvent(type));
  field.dispatchEvent(new InputEvent("input", { isComposing: true, bubbles: true }));
}"""
ENTER_OF_AN_INPUT_METHOD = """(field) => field.dispatchEvent(
  new KeyboardEvent("keydown", { key: "ArrowDown", keyCode: 229, bubbles: true, cancelable: true }))"""


@pytest.fixture
def person(browser: Browser, server: WebService) -> Iterator[Person]:
    for number, name in enumerate(
        ["Letter writer", "Cover letter coach", "Letters of complaint", "古文翻译"]
    ):
        listing = make_listing(name=name, category="writing", starters=[])
        Listing.objects.filter(pk=listing.pk).update(popularity=50 - number)
    made = Person(browser, server.url, "Visitor")
    yield made
    made.close()


def test_every_search_field_has_the_list_and_its_keys(person: Person) -> None:
    page = person.page
    for path, selector in FIELDS.items():
        person.go(path)
        field, options = page.locator(selector), page.get_by_role("option")
        field.press_sequentially("lett")
        expect(options).to_have_text([re.compile(name) for name in ("Letter writer", "Letters of", "Cover")])
        expect(field).to_have_attribute("aria-expanded", "true")
        expect(page.locator(f"{selector} ~ [role=status]")).to_have_text("3 suggestions. Use the arrow keys.")
        for key, chosen in [("ArrowDown", 0), ("End", 2), ("ArrowDown", None), ("ArrowUp", 2), ("Home", 0)]:
            page.keyboard.press(key)
            expect_chosen(page, selector, chosen)
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.evaluate(SETTLED)
        assert list(find_barriers(page, Axe(), WCAG)) == []
        page.keyboard.press("Escape")
        expect(options).to_have_count(0)
        expect(field).to_have_value("lett")
        expect(field).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("ArrowDown")
        expect(options).to_have_count(3)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/g/letter-writer"))
    person.assert_quiet()


def expect_chosen(page: Page, selector: str, chosen: int | None) -> None:
    marked = page.locator("[role=option][aria-selected=true]")
    expect(marked).to_have_count(0 if chosen is None else 1)
    field = page.locator(selector)
    expect(field).to_be_focused()
    if chosen is None:
        expect(field).not_to_have_attribute("aria-activedescendant", re.compile(".*"))
    else:
        expect(field).to_have_attribute("aria-activedescendant", f"{selector[1:]}-suggestions-{chosen}")
        expect(marked).to_have_id(f"{selector[1:]}-suggestions-{chosen}")


def test_enter_with_nothing_chosen_searches(person: Person) -> None:
    page = person.page
    person.go("/")
    page.locator("#store-search").press_sequentially("letter")
    expect(page.get_by_role("option")).to_have_count(3)

    page.keyboard.press("Enter")

    expect(page).to_have_url(person.base_url + "/search?q=letter")
    expect(page.locator("#results")).to_contain_text("Letter writer")
    expect(page.get_by_role("option")).to_have_count(0)


def test_a_click_opens_the_page_and_a_category_its_list(person: Person) -> None:
    page = person.page
    person.go("/")
    page.locator("#store-search").press_sequentially("writ")
    expect(page.get_by_role("option")).to_have_count(2)
    page.get_by_role("option", name="Writing").click()
    expect(page).to_have_url(person.base_url + "/categories/writing")


def test_nothing_is_asked_while_an_input_method_composes(person: Person) -> None:
    page = person.page
    person.go("/")
    field = page.locator("#store-search")
    asked = list_asked(page)
    field.focus()
    field.evaluate(COMPOSE, ["compositionstart", ""])
    for text in ("g", "gu", "gu'wen"):
        field.evaluate(COMPOSE, ["input", text])
        page.wait_for_timeout(200)
    assert asked == []

    field.evaluate(COMPOSE, ["input", "古文"])
    field.evaluate(COMPOSE, ["compositionend", "古文"])

    expect(page.get_by_role("option")).to_have_text([re.compile("古文翻译")])
    assert asked == ["古文"]
    field.evaluate(ENTER_OF_AN_INPUT_METHOD)
    expect(page.locator("[role=option][aria-selected=true]")).to_have_count(0)


def list_asked(page: Page) -> list[str]:
    asked: list[str] = []

    def note(request: Any) -> None:
        if "/search/suggestions" in request.url:
            asked.append(page.evaluate("(url) => new URL(url).searchParams.get('q')", request.url))

    page.on("request", note)
    return asked


def test_a_late_answer_does_not_replace_a_newer_one(person: Person) -> None:
    page = person.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "q=cov" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/search/suggestions*", hold)
    person.go("/")
    field = page.locator("#store-search")
    field.fill("cov")
    expect_soon(page, lambda: len(held) == 1)
    field.fill("古文")
    expect(page.get_by_role("option")).to_have_text([re.compile("古文翻译")])

    held[0].fulfill(body='<p data-suggestions-count>1</p><a role="option">Late</a>', content_type="text/html")
    page.wait_for_timeout(300)

    expect(page.get_by_role("option")).to_have_text([re.compile("古文翻译")])
    field.fill("")
    expect(page.get_by_role("option")).to_have_count(0)


def test_escape_also_stops_what_was_asked(person: Person) -> None:
    page = person.page
    held: list[Route] = []
    page.route("**/search/suggestions*", lambda route: held.append(route))  # noqa: PLW0108 - not a built-in
    person.go("/")
    field = page.locator("#store-search")
    field.evaluate("(field) => (field.type = 'text')")  # Escape empties a search field, and no other
    field.press_sequentially("cov")
    expect_soon(page, lambda: held)

    page.keyboard.press("Escape")
    for route in held:
        with suppress(Error):  # given up by the page
            route.fulfill(
                body='<p data-suggestions-count>1</p><a role="option">Late</a>', content_type="text/html"
            )
    page.wait_for_timeout(300)

    expect(page.get_by_role("option")).to_have_count(0)


def expect_soon(page: Page, check: Any) -> None:
    for _try in range(1_200):
        if check():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def test_a_refusal_is_quiet_and_waits(person: Person) -> None:
    page = person.page
    asked = 0

    def refuse(route: Route) -> None:
        nonlocal asked
        asked += 1
        route.fulfill(status=429, headers={"Retry-After": "30"}, body="Too many")

    page.route("**/search/suggestions*", refuse)
    person.go("/")
    page.locator("#store-search").press_sequentially("let", delay=200)
    expect_soon(page, lambda: asked == 1)
    page.wait_for_timeout(300)

    assert asked == 1
    expect(page.get_by_role("option")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page).to_have_url(person.base_url + "/search?q=let")


def test_the_list_fits_a_phone(person: Person) -> None:
    page = person.page
    page.set_viewport_size({"width": 390, "height": 844})
    for path, selector in FIELDS.items():
        person.go(path)
        page.locator(selector).press_sequentially("lett")
        expect(page.get_by_role("option")).to_have_count(3)
        assert not page.evaluate(WIDER_THAN_WINDOW), path
        boxes = [option.bounding_box() for option in page.get_by_role("option").all()]
        assert [
            box for box in boxes if not box or box["width"] < 240 or box["height"] < 44 or box["x"] < 0
        ] == []
        assert all(box and box["x"] + box["width"] <= 390 for box in boxes)


def test_nothing_covers_the_results_that_follow_what_is_typed(person: Person) -> None:
    page = person.page
    person.go("/search")
    page.locator("#search-text").press_sequentially("lett")
    expect(page.locator("#results")).to_contain_text("Letter writer")
    expect(page.get_by_role("option")).to_have_count(0)


def test_without_javascript_the_field_is_a_plain_search(
    browser: Browser, server: WebService, person: Person
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/")
    field = page.locator("#store-search")
    assert field.get_attribute("role") is None
    field.fill("letter")
    field.press("Enter")
    assert page.url == f"{server.url}/search?q=letter"
    context.close()
