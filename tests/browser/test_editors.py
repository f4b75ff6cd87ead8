"""Two people edit one GPT, each in a browser: they see each other, and neither loses a text."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from gpts.assistants.services.shares import set_share
from gpts.llm.services.providers import ensure_offline_provider
from tests.support.browser import expect_saved, sign_in_page
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService
from tests.support.times import NOW


def test_an_editor_and_the_owner_keep_both_texts(server: WebService, page: Page, browser: Browser) -> None:
    ensure_offline_provider(at=NOW)
    owner, editor = (
        UserFactory.create(display_name="Olga Owner"),
        UserFactory.create(display_name="Edgar Editor"),
    )
    company = create_company(owner, builder=editor)
    gpt = GPTFactory.create(owner=owner, workspace=company)
    set_share(gpt=gpt, right="edit", user=editor, by=owner, at=NOW)
    sign_in_page(page, server, owner)
    context = browser.new_context()
    other = context.new_page()
    sign_in_page(other, server, editor)
    address = f"{server.url}/build/{gpt.slug}/configure"
    page.goto(address)
    # After its first presence request the page waits twelve seconds for the next.
    expect(page.locator("[data-presence][data-beaten]")).to_have_count(1)
    other.goto(address)
    expect(other.locator("[data-presence]")).to_contain_text("OO")

    other.get_by_label("Description").fill("By the editor.")
    expect_saved(other)
    page.get_by_label("Description").fill("By the owner.")

    expect(page.locator(".build-conflict")).to_contain_text("By the editor.")
    expect(page.get_by_label("Description")).to_have_value("By the owner.")
    gpt.refresh_from_db()
    assert gpt.description == "By the editor."
    context.close()
