"""The builder in a browser: autosave, conflicts, a lost connection, tabs on phones, accessibility."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page, expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import update_draft
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.knowledge.services.files import add_knowledge_file
from gpts.llm.services.providers import ensure_offline_provider
from tests.support.accessibility import CONTRAST, SETTLED, WCAG
from tests.support.browser import WIDER_THAN_WINDOW, expect_saved, sign_in_page
from tests.support.factories.gpts import GPTFactory
from tests.support.services import WebService
from tests.support.times import LATER, NOW
from tests.support.uploads import make_upload

TABS = ("create", "configure", "preview", "knowledge", "knowledge/bench", "versions", "share")


@pytest.fixture
def gpt(server: WebService, page: Page) -> GPT:
    """A GPT with all fields set, whose owner is signed in."""
    ensure_offline_provider(at=NOW)
    gpt = GPTFactory.create()
    sign_in_page(page, server, gpt.owner)
    return gpt


def configure(page: Page, server: WebService, gpt: GPT) -> None:
    page.goto(f"{server.url}/build/{gpt.slug}/configure")


def test_typed_text_is_saved_and_shown_in_the_preview(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)

    page.get_by_label("Name", exact=True).fill("Prose coach")
    page.get_by_label("Description").fill("Reads prose.")
    page.get_by_label("Starter 2").fill("Read this")
    page.get_by_label("Category").select_option("education")

    expect(page.locator(".builder__name")).to_have_text("Prose coach")
    expect(page.locator(".builder__description")).to_have_text("Reads prose.")
    expect(page.locator("[data-mirror-starters]")).to_contain_text("Read this")
    expect_saved(page)
    gpt.refresh_from_db()
    assert (gpt.name, gpt.description, gpt.category) == ("Prose coach", "Reads prose.", "education")
    assert gpt.starters == ["Read my first paragraph", "Read this"]
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Prose coach")


def test_an_invalid_field_keeps_its_text_and_blocks_no_other_field(
    server: WebService, page: Page, gpt: GPT
) -> None:
    configure(page, server, gpt)

    page.get_by_label("Name", exact=True).fill("x" * 51)
    page.get_by_label("Description").fill("Saved all the same.")

    expect(page.get_by_text("1 character too long")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("x" * 51)
    expect(page.locator("[data-save-state]")).to_contain_text("marked fields")
    page.wait_for_timeout(300)
    gpt.refresh_from_db()
    assert (gpt.name, gpt.description) == ("Essay coach", "Saved all the same.")
    page.get_by_label("Name", exact=True).fill("Fits")
    expect_saved(page)
    expect(page.get_by_text("1 character too long")).to_have_count(0)


@pytest.mark.parametrize(("button", "expected"), [("Keep mine", "Mine"), ("Take the other", "Theirs")])
def test_a_conflict_asks_which_text_to_keep(
    server: WebService, page: Page, gpt: GPT, button: str, expected: str
) -> None:
    configure(page, server, gpt)
    # After its first presence request the page waits twelve seconds for the next.
    expect(page.locator("[data-presence][data-beaten]")).to_have_count(1)
    update_draft(gpt=gpt, revision=1, changes={"name": "Theirs"}, by=gpt.owner, at=LATER)

    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_label("Instructions").fill("Written at the same time.")

    expect(page.locator(".build-conflict")).to_have_count(1)
    expect(page.locator(".build-conflict")).to_contain_text("Theirs")
    page.get_by_role("button", name=button).click()
    expect(page.locator(".build-conflict")).to_have_count(0)
    expect_saved(page)
    gpt.refresh_from_db()
    assert (gpt.name, gpt.instructions) == (expected, "Written at the same time.")


def test_a_lost_connection_is_shown_and_nothing_is_lost(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)
    page.context.set_offline(True)

    page.get_by_label("Name", exact=True).fill("Typed on a train")

    expect(page.locator("[data-save-state]")).to_contain_text("no connection")
    page.context.set_offline(False)
    expect_saved(page)
    gpt.refresh_from_db()
    assert gpt.name == "Typed on a train"


def test_on_a_phone_one_control_shows_the_preview_and_one_bar_all_pages(
    server: WebService, page: Page, gpt: GPT
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    configure(page, server, gpt)
    toggle = page.get_by_role("button", name="Preview", exact=True)

    expect(page.get_by_label("Instructions")).to_be_visible()
    expect(page.locator(".preview-chat")).to_be_hidden()
    toggle.click()
    expect(page.locator(".preview-chat")).to_be_visible()
    expect(page.get_by_label("Instructions")).to_be_hidden()
    toggle.press("Space")
    expect(page.get_by_label("Instructions")).to_be_visible()
    bar = page.get_by_role("navigation", name="Parts of this GPT")
    expect(bar.get_by_role("link")).to_have_text(["Create", "Configure", "Knowledge"])
    bar.locator("summary").click()
    bar.get_by_role("link", name="Publish").click()
    expect(bar.get_by_role("link")).to_have_text(["Share", "Versions"])
    expect(toggle).to_have_count(0)


def test_tabs_do_not_move_when_one_becomes_active(server: WebService, page: Page, gpt: GPT) -> None:
    places = """() => [...document.querySelectorAll(".build-nav a")].map(
        (link) => [link.textContent, link.getBoundingClientRect().x, link.getBoundingClientRect().width])"""
    seen = []
    for tab in ("create", "configure", "knowledge"):
        page.goto(f"{server.url}/build/{gpt.slug}/{tab}")
        seen.append(page.evaluate(places))

    assert len(seen[0]) == 9
    assert seen[0] == seen[1] == seen[2]


def test_a_preview_comes_back_and_is_started_over(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)
    page.get_by_role("link", name="Try it in the preview").click()
    expect(page.locator("#try-text")).to_be_focused()
    page.keyboard.type("Where is the lighthouse?")
    page.keyboard.press("Enter")
    answers = page.locator(".preview-chat .message--assistant:not(.message--running)")
    expect(answers).to_have_count(1)

    page.goto(f"{server.url}/build/{gpt.slug}/knowledge")
    expect(page.locator(".preview-chat")).to_contain_text("Where is the lighthouse?")
    page.locator("#try-text").fill("And the harbour?")
    page.keyboard.press("Enter")
    expect(answers).to_have_count(2)
    page.get_by_role("button", name="Start over").click()

    expect(answers).to_have_count(0)
    expect(page.locator(".preview-chat .builder__name")).to_have_text("Essay coach")
    expect(page).to_have_url(f"{server.url}/build/{gpt.slug}/knowledge")
    page.goto(f"{server.url}/chats/")
    expect(page.locator("body")).not_to_contain_text("lighthouse")


def test_an_address_is_checked_while_typed_and_taken_by_sharing(
    server: WebService, page: Page, gpt: GPT
) -> None:
    page.goto(f"{server.url}/build/{gpt.slug}/share")
    field = page.get_by_label("Address", exact=True)
    expect(field).to_have_value("essay-coach")

    field.fill("admin")
    expect(page.locator("[data-address-said]")).to_contain_text("own pages")
    field.fill("prose-coach")
    expect(page.locator("[data-address-said]")).to_have_text("This address is free.")
    page.get_by_role("button", name="Share the draft here").click()

    expect(page).to_have_url(f"{server.url}/build/prose-coach/share")
    expect(page.get_by_label("Link", exact=True)).to_have_value(re.compile("/g/prose-coach/chat$"))
    expect(field).to_have_count(0)


def test_the_divider_moves_by_keyboard_and_is_remembered(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)
    divider = page.get_by_role("separator", name="Width of the form")

    divider.focus()
    divider.press("ArrowLeft")
    page.reload()

    expect(page.get_by_role("separator", name="Width of the form")).to_have_attribute("aria-valuenow", "56")


def test_the_draft_answers_beside_the_form(server: WebService, page: Page, gpt: GPT) -> None:
    with system_scope("tests"):
        text = "# Tyres\nUse two levers to lift the tyre."
        add_knowledge_file(gpt=gpt, upload=make_upload("handbook.md", text), by=gpt.owner, at=NOW)
    configure(page, server, gpt)

    page.get_by_label("Message").fill("How do I lift a tyre?")
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".message--assistant")).to_contain_text("Use two levers")
    expect(page).to_have_url(f"{server.url}/build/{gpt.slug}/configure")


def test_every_tab_is_accessible_fits_a_phone_and_violates_no_csp(
    server: WebService, page: Page, gpt: GPT
) -> None:
    with system_scope("tests"):
        add_knowledge_file(gpt=gpt, upload=make_upload("a.md", "# One\nText"), by=gpt.owner, at=NOW)
        freeze_version(gpt=gpt, release_notes="First", by=gpt.owner, at=NOW)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    paths = ["/build/", "/build/new", *(f"/build/{gpt.slug}/{tab}" for tab in TABS)]

    problems, axe = {}, Axe()
    for path in [*paths, f"/build/{gpt.slug}/versions/diff?from=1&to=draft"]:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.goto(server.url + path)
        violations = axe.run(page, options=WCAG).response["violations"]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        page.evaluate(SETTLED)
        violations += axe.run(page, options=CONTRAST).response["violations"]
        found = [(rule["id"], rule["nodes"][0]["target"]) for rule in violations]
        page.set_viewport_size({"width": 360, "height": 740})
        if page.evaluate(WIDER_THAN_WINDOW):
            found.append(("sideways", path))
        if found:
            problems[re.sub(gpt.slug, "slug", path)] = found

    assert problems == {}
    assert complaints == []


def test_unsaved_text_is_restored_after_leaving_the_page(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)
    page.on("dialog", lambda dialog: dialog.accept())
    page.context.set_offline(True)
    page.get_by_label("Description").fill("Typed in a tunnel")
    expect(page.locator("[data-save-state]")).to_contain_text("no connection")
    page.get_by_label("Name", exact=True).fill("x" * 51)
    page.context.set_offline(False)
    expect(page.get_by_text("1 character too long")).to_be_visible()

    page.goto(f"{server.url}/build/{gpt.slug}/versions")
    page.go_back()

    expect(page.get_by_label("Name", exact=True)).to_have_value("x" * 51)
    expect(page.get_by_label("Description")).to_have_value("Typed in a tunnel")
    gpt.refresh_from_db()
    assert (gpt.name, gpt.description) == ("Essay coach", "Typed in a tunnel")


def test_restored_text_and_a_newer_draft_are_a_conflict(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("Name", exact=True).fill("x" * 51)
    expect(page.get_by_text("1 character too long")).to_be_visible()
    page.goto(f"{server.url}/build/{gpt.slug}/versions")
    update_draft(gpt=gpt, revision=1, changes={"name": "Theirs"}, by=gpt.owner, at=LATER)

    configure(page, server, gpt)

    expect(page.locator(".build-conflict")).to_contain_text("Theirs")
    expect(page.get_by_label("Name", exact=True)).to_have_value("x" * 51)
    page.get_by_role("button", name="Take the other").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Theirs")
    expect_saved(page)
    gpt.refresh_from_db()
    assert (gpt.name, gpt.draft_revision) == ("Theirs", 2)


def test_a_signed_out_person_keeps_the_text(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)

    page.get_by_label("Description").fill("Written while signed out")

    expect(page.locator("[data-save-state]")).to_contain_text("sign in again")
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in_page(page, server, gpt.owner)
    page.reload()
    expect(page.get_by_label("Description")).to_have_value("Written while signed out")
    expect_saved(page)
    gpt.refresh_from_db()
    assert gpt.description == "Written while signed out"


def test_instructions_can_be_edited_full_screen(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)

    page.get_by_role("button", name="Large editor").click()
    editor = page.get_by_role("dialog", name="Instructions")
    text = editor.get_by_label("Instructions")
    expect(text).to_be_focused()
    box = text.bounding_box()
    assert box is not None
    assert box["height"] > 450
    text.fill("Line by line.\n" * 500)
    expect(editor).to_contain_text("7000 / 8000")
    expect(editor.locator("[data-long-state]")).to_have_text("Saved just now")
    text.fill("x" * 8_001)
    expect(editor).to_contain_text("1 character too long")
    # The page behind is inert.
    assert page.evaluate("document.querySelector('.build-bar').inert") is True
    page.keyboard.press("Escape")

    expect(editor).to_have_count(0)
    expect(page.get_by_role("button", name="Large editor")).to_be_focused()
    assert len(page.get_by_label("Instructions", exact=True).input_value()) == 8_001
    gpt.refresh_from_db()
    assert gpt.instructions == ("Line by line.\n" * 500).strip()


def test_an_icon_can_be_chosen_from_drawings(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)

    page.get_by_role("button", name="Drawing 3").click()

    expect(page.locator(".build-icon [data-mirror-icon] img")).to_have_attribute("src", re.compile("/icons/"))
    page.get_by_role("button", name="The first letter").click()
    expect(page.locator(".build-icon [data-mirror-icon] img")).to_have_count(0)


def test_the_bar_shows_live_and_draft_and_a_copy_can_be_made(
    server: WebService, page: Page, gpt: GPT
) -> None:
    with system_scope("tests"):
        version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
        set_live_version(gpt=gpt, version=version, audience="link", by=gpt.owner, at=NOW)
    configure(page, server, gpt)
    bar = page.locator(".build-bar")
    expect(bar).to_contain_text("Live: version 1")
    expect(bar).not_to_contain_text("Draft has changes")
    page.get_by_label("Name", exact=True).fill("Prose coach")
    expect_saved(page)

    # Without a reload.
    expect(bar.get_by_role("link", name="Update")).to_be_visible()
    expect(page.locator(".preview-chat__what")).to_contain_text("live is version 1")
    bar.get_by_role("link", name="Draft has changes").click()
    expect(page.locator(".diff")).to_contain_text("Prose coach")
    expect(bar.get_by_role("link", name="Update")).to_be_visible()
    bar.get_by_label("More").click()
    bar.get_by_role("button", name="Duplicate").click()

    expect(page.get_by_label("Name", exact=True)).to_have_value("Copy of Prose coach")
    expect(bar.locator(".badge")).to_have_text("Draft")
