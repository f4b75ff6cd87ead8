"""The design system in a browser: accessibility, width, behaviour of components."""

# ruff: noqa: E501 - scripts for the page

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.accessibility import CONTRAST, SETTLED
from tests.support.services import WebService

PAGES = ("/dev/gallery/", "/dev/gallery/chat/", "/dev/gallery/staff/", "/dev/gallery/auth/", "/nowhere")
WIDER_THAN_WINDOW = """() => document.documentElement.scrollWidth > innerWidth
    ? [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className)
    : []"""
TOO_SMALL = """() => [...document.querySelectorAll('.button, .icon-button, .chip, .menu > summary, .tabs__tab, input, select, .starter')]
    .filter(e => e.getClientRects().length && !e.matches('[type=checkbox], [type=radio], [type=file], .visually-hidden, .button--small'))
    .map(e => [e.className || e.type, Math.round(e.getBoundingClientRect().height)]).filter(([, height]) => height < 40)"""


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_axe_violations(server: WebService, page: Page, path: str) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(server.url + path)
    violations = (
        Axe()
        .run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
        .response["violations"]
    )
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.evaluate(SETTLED)
    violations += Axe().run(page, options=CONTRAST).response["violations"]

    assert [
        (violation["id"], [node["target"] for node in violation["nodes"]][:3]) for violation in violations
    ] == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_on_a_phone(server: WebService, page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(server.url + path)

    assert page.evaluate(WIDER_THAN_WINDOW) == []


def test_targets_are_large_enough_to_touch(server: WebService, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(server.url + "/dev/gallery/")

    assert page.evaluate(TOO_SMALL) == []


def test_no_page_violates_the_csp_even_with_a_workspace_accent(server: WebService, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(server.url + "/dev/gallery/?accent=%2300a86b")

    assert complaints == []
    primary = page.get_by_role("button", name="Submit for review")
    assert primary.evaluate("e => getComputedStyle(e).backgroundColor") != "rgb(168, 72, 31)"


def test_the_theme_changes_at_once_and_stays(server: WebService, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(server.url + "/dev/gallery/")
    page.locator("summary[aria-label='Language and appearance']").click()

    with page.expect_response("**/preferences/theme"):
        page.locator(".site-header button[name=theme][value=dark]:visible").click()

    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(21, 18, 15)"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_typed_confirmation_requires_the_exact_name(server: WebService, page: Page) -> None:
    page.goto(server.url + "/dev/gallery/")
    page.get_by_role("button", name="Delete GPT").first.click()
    dialog = page.get_by_role("dialog", name="Delete “Contract reader”?")
    button = dialog.get_by_role("button", name="Delete GPT")

    expect(button).to_be_disabled()
    dialog.get_by_label("to confirm").fill("contract reader")
    expect(button).to_be_disabled()
    dialog.get_by_label("to confirm").fill("Contract reader")
    expect(button).to_be_enabled()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_menus_work_by_keyboard(server: WebService, page: Page) -> None:
    page.goto(server.url + "/dev/gallery/")
    summary = page.locator("main summary", has_text="More").first
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Make a copy")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator(".menu__item--danger")).to_be_focused()
    page.keyboard.press("Escape")

    expect(summary).to_be_focused()
    expect(page.get_by_role("link", name="Make a copy")).to_be_hidden()


def test_keyboard_shortcuts_open_search_and_help(server: WebService, page: Page) -> None:
    page.goto(server.url + "/dev/gallery/staff/")
    page.keyboard.press("/")
    search = page.get_by_role("combobox", name="Search GPTs")
    expect(search).to_be_focused()
    page.keyboard.type("a?b")
    expect(search).to_have_value("a?b")
    search.blur()
    page.keyboard.press("?")

    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Next case")


def test_a_counter_counts_characters_not_bytes(server: WebService, page: Page) -> None:
    page.goto(server.url + "/dev/gallery/")
    page.get_by_label("Name").first.fill("周报😀")

    expect(page.locator(".field__counter").first).to_have_text("3 / 80")


def test_a_double_click_sends_a_form_once(server: WebService, page: Page) -> None:
    page.goto(server.url + "/dev/gallery/")
    page.evaluate(
        """() => {
            window.sent = 0;
            const form = document.querySelector('form[data-once]');
            form.noValidate = true;
            form.target = 'elsewhere';
            form.addEventListener('submit', () => { window.sent += 1; });
            document.body.append(Object.assign(document.createElement('iframe'), {name: 'elsewhere', hidden: true}));
        }"""
    )
    page.evaluate("document.querySelector('form[data-once] .button--primary').click()")
    prevented = page.evaluate(
        """() => { const event = new SubmitEvent('submit', {bubbles: true, cancelable: true});
            document.querySelector('form[data-once]').dispatchEvent(event); return event.defaultPrevented; }"""
    )

    assert prevented is True


def test_a_failed_request_shows_a_message(server: WebService, page: Page) -> None:
    page.goto(server.url + "/dev/gallery/")
    page.evaluate("htmx.ajax('GET', '/nowhere', {swap: 'none'})")
    expect(page.locator("#toasts .toast--bad")).to_have_text("That did not work. Try again in a moment.×")

    page.locator("#toasts [data-dismiss]").click()
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('loggia:toast', {detail: {kind: 'good', text: '<b>Saved</b>'}}))"
    )

    expect(page.locator("#toasts .toast--good .toast__text")).to_have_text("<b>Saved</b>")


def test_without_javascript_dialogs_and_counters_are_hidden_and_links_work(
    server: WebService, browser: object
) -> None:
    page = browser.new_page(java_script_enabled=False)  # type: ignore[attr-defined]  # playwright's fixture is untyped here
    page.goto(server.url + "/dev/gallery/")

    assert page.locator("[data-copy]").first.is_hidden()
    assert page.get_by_role("link", name="Contract reader").first.is_visible()
    page.close()


def test_a_password_is_shown_on_demand_and_sent_hidden(server: WebService, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(server.url + "/accounts/login/")
    field, button = (
        page.locator("input[type=password]"),
        page.get_by_role("button", name="Show what is typed"),
    )
    page.locator("input[name=login]").fill("ada@example.test")
    field.fill("correct horse")
    field = page.locator(f"#{field.get_attribute('id')}")
    expect(button).to_have_attribute("aria-pressed", "false")

    button.press("Enter")

    expect(field).to_have_attribute("type", "text")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith("/accounts/login/")
    # What is sent is a password field again, so that the browser keeps no text.
    page.evaluate("""() => document.addEventListener("submit", (event) => event.preventDefault())""")
    field.press("Enter")
    expect(field).to_have_attribute("type", "password")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(field).to_have_value("correct horse")
