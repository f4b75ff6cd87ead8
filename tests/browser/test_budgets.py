"""Token budgets in a browser: setting a limit, reaching it in a chat, keeping the typed text."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from core.scope import system_scope
from gpts.metering.models import Budget
from tests.fakes.openai_server import ModelServer
from tests.support.browser import sign_in_page
from tests.support.chat import configure_model, create_public_gpt
from tests.support.companies import create_company
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService


def test_a_reached_budget_blocks_the_chat_and_keeps_the_text(
    server: WebService, page: Page, model_server: ModelServer
) -> None:
    with system_scope("tests"):
        ada = UserFactory.create()
        company = create_company(ada)
        model = configure_model(model_server.url, "builder", input_price=1_000_000)
    gpt = create_public_gpt(model, owner=ada, workspace=company)
    sign_in_page(page, server, ada)

    page.goto(f"{server.url}/w/{company.slug}/admin/budgets")
    page.get_by_role("link", name="New budget").click()
    page.get_by_label("Name", exact=True).fill("One at a time")
    expect(page.get_by_label("Member", exact=True)).to_be_hidden()
    page.get_by_label("Whose use").select_option("person")
    expect(page.get_by_label("Member", exact=True)).to_be_visible()
    page.get_by_label("Whose use").select_option("person_each")
    page.get_by_label("What is counted").select_option("turns")
    page.get_by_label("Stop at").fill("1")
    page.get_by_role("button", name="Show what it means").click()
    expect(
        page.get_by_text(f"Each member may use at most 1 answer a month in {company.name}.")
    ).to_be_visible()
    assert not Budget.objects.exists()
    page.get_by_role("button", name="Set the budget").click()
    expect(page.get_by_role("heading", name="One at a time")).to_be_visible()

    page.goto(f"{server.url}/g/{gpt.slug}/chat")
    composer = page.locator("form.composer textarea").last
    composer.fill("The first one")
    composer.press("Enter")
    expect(page.locator("[data-composer-send]")).to_be_visible()
    expect(page).to_have_url(re.compile("/c/"))
    model_server.state.requests.clear()
    composer = page.locator("form.composer textarea").last
    composer.fill("A second one, typed with care")
    composer.press("Enter")
    refusal = page.locator("[data-chat-error]")
    expect(refusal).to_contain_text(
        f"Your limit “One at a time” in {company.name} is used up: 1 answer a month."
    )
    expect(refusal).to_contain_text("It opens again at")
    expect(composer).to_have_value("A second one, typed with care")

    page.goto(f"{server.url}/build/{gpt.slug}/create")
    said = page.get_by_label("Message to the builder")
    said.fill("Make it friendlier, please")
    page.get_by_role("button", name="Send to the builder").click()
    expect(page.locator("[data-create-error]")).to_contain_text("is used up: 1 answer a month.")
    expect(said).to_have_value("Make it friendlier, please")
    assert model_server.state.requests == []

    page.goto(f"{server.url}/settings/limits")
    expect(page.get_by_text("Used up")).to_be_visible()
    expect(page.get_by_role("progressbar", name="One at a time: 100% used")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert not page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
