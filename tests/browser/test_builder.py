"""The builder in a real browser: autosave, conflicts, a lost connection, the phone's tabs, accessibility."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from core.scope import system_scope
from gpts.models import GPT
from gpts.services.gpts import update_draft
from gpts.services.knowledge import add_knowledge_file
from gpts.services.providers import ensure_offline_provider
from gpts.services.versions import freeze_version
from tests.gpts.build.stage import LATER, NOW, a_file, a_gpt
from tests.services import WebService
from workspaces.models import User

TABS = ("create", "configure", "preview", "knowledge", "versions", "share")
WIDER_THAN_WINDOW = "() => document.documentElement.scrollWidth > innerWidth"


def sign_in(page: Page, server: WebService, user: User) -> None:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}])


@pytest.fixture
def gpt(server: WebService, page: Page) -> GPT:
    """A GPT with everything, whose owner is signed in."""
    ensure_offline_provider(at=NOW)
    gpt = a_gpt()
    sign_in(page, server, gpt.owner)
    return gpt


def configure(page: Page, server: WebService, gpt: GPT) -> None:
    page.goto(f"{server.url}/build/{gpt.slug}/configure")


def saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text("Saved just now")


def test_what_is_typed_is_saved_and_shown_beside_the_form(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)

    page.get_by_label("Name", exact=True).fill("Prose coach")
    page.get_by_label("Description").fill("Reads prose.")
    page.get_by_label("Starter 2").fill("Read this")
    page.get_by_label("Category").select_option("education")

    expect(page.locator(".builder__name")).to_have_text("Prose coach")
    expect(page.locator(".builder__description")).to_have_text("Reads prose.")
    expect(page.locator("[data-mirror-starters]")).to_contain_text("Read this")
    saved(page)
    gpt.refresh_from_db()
    assert (gpt.name, gpt.description, gpt.category) == ("Prose coach", "Reads prose.", "education")
    assert gpt.starters == ["Read my first paragraph", "Read this"]
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Prose coach")


def test_a_field_that_is_refused_keeps_its_text_and_holds_up_no_other(
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
    saved(page)
    expect(page.get_by_text("1 character too long")).to_have_count(0)


@pytest.mark.parametrize(("button", "expected"), [("Keep mine", "Mine"), ("Take the other", "Theirs")])
def test_a_field_that_was_changed_elsewhere_asks_which_to_keep(
    server: WebService, page: Page, gpt: GPT, button: str, expected: str
) -> None:
    configure(page, server, gpt)
    # From its first sign of life on, the page asks again only after twelve seconds.
    expect(page.locator("[data-presence][data-beaten]")).to_have_count(1)
    update_draft(gpt=gpt, revision=1, changes={"name": "Theirs"}, by=gpt.owner, at=LATER)

    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_label("Instructions").fill("Written at the same time.")

    expect(page.locator(".build-conflict")).to_have_count(1)
    expect(page.locator(".build-conflict")).to_contain_text("Theirs")
    page.get_by_role("button", name=button).click()
    expect(page.locator(".build-conflict")).to_have_count(0)
    saved(page)
    gpt.refresh_from_db()
    assert (gpt.name, gpt.instructions) == (expected, "Written at the same time.")


def test_a_lost_connection_is_told_and_nothing_is_lost(server: WebService, page: Page, gpt: GPT) -> None:
    configure(page, server, gpt)
    page.context.set_offline(True)

    page.get_by_label("Name", exact=True).fill("Typed on a train")

    expect(page.locator("[data-save-state]")).to_contain_text("no connection")
    page.context.set_offline(False)
    saved(page)
    gpt.refresh_from_db()
    assert gpt.name == "Typed on a train"


def test_on_a_phone_form_and_preview_are_tabs(server: WebService, page: Page, gpt: GPT) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    configure(page, server, gpt)

    expect(page.get_by_label("Instructions")).to_be_visible()
    expect(page.locator(".preview-chat")).to_be_hidden()
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator(".preview-chat")).to_be_visible()
    expect(page.get_by_label("Instructions")).to_be_hidden()


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
        add_knowledge_file(gpt=gpt, upload=a_file("handbook.md", text), by=gpt.owner, at=NOW)
    configure(page, server, gpt)

    page.get_by_label("Message").fill("How do I lift a tyre?")
    page.get_by_role("button", name="Send").click()

    expect(page.locator(".message--assistant")).to_contain_text("Use two levers")
    expect(page).to_have_url(f"{server.url}/build/{gpt.slug}/configure")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_is_accessible_fits_a_phone_and_breaks_no_policy(
    server: WebService, page: Page, gpt: GPT, scheme: str
) -> None:
    with system_scope("tests"):
        add_knowledge_file(gpt=gpt, upload=a_file("a.md", "# One\nText"), by=gpt.owner, at=NOW)
        freeze_version(gpt=gpt, release_notes="First", by=gpt.owner, at=NOW)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # a literal
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    paths = ["/build/", "/build/new", *(f"/build/{gpt.slug}/{tab}" for tab in TABS)]

    problems = {}
    for path in [*paths, f"/build/{gpt.slug}/versions/diff?from=1&to=draft"]:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(server.url + path)
        results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        found = [(rule["id"], rule["nodes"][0]["target"]) for rule in results.response["violations"]]
        page.set_viewport_size({"width": 360, "height": 740})
        if page.evaluate(WIDER_THAN_WINDOW):
            found.append(("sideways", path))
        if found:
            problems[re.sub(gpt.slug, "slug", path)] = found

    assert problems == {}
    assert complaints == []
