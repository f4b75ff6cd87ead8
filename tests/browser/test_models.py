"""The model catalogue in a browser, from an added model to a JSON answer shown as a table."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from gpts.assistants.models import GPT
from gpts.llm.models import LanguageModel
from gpts.llm.services.providers import ensure_offline_provider
from tests.fakes.openai_server import KEY, ModelServer
from tests.support.browser import expect_saved, sign_in_page
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.services import WebService, WorkerService
from tests.support.times import NOW
from workspaces.services.staff import grant_staff_role


def test_an_operator_adds_a_model_and_a_builder_uses_it_for_json(
    server: WebService, worker: WorkerService, page: Page, model_server: ModelServer
) -> None:
    ensure_offline_provider(at=NOW)
    ada = UserFactory.create()
    grant_staff_role(user=ada, role="operator", by=None, at=NOW)
    company = create_company(ada)
    gpt = GPTFactory.create(owner=ada, workspace=company)
    sign_in_page(page, server, ada)

    page.goto(f"{server.url}/operator/models")
    page.get_by_role("link", name="Add a provider").click()
    page.get_by_label("Name", exact=True).fill("House models")
    page.get_by_label("Protocol").select_option("chat_completions")
    page.get_by_label("Address").fill(model_server.url)
    page.get_by_label("Key", exact=True).fill(KEY)
    page.get_by_role("button", name="Add the provider").click()
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection works: echo answers by")).to_be_visible()
    page.get_by_label("echo").check()
    page.get_by_role("button", name="Add those chosen").click()
    expect(page.get_by_text("1 model added.")).to_be_visible()
    page.get_by_role("link", name="Add a model by name").click()
    page.get_by_label("Name at the provider").fill("json")
    page.get_by_label("Label").fill("Table maker")
    page.get_by_label("Price of a million tokens sent").fill("2.5")
    page.get_by_role("button", name="Add the model").click()
    expect(page.get_by_role("rowheader", name="Table maker")).to_be_visible()
    assert KEY not in page.content()

    page.goto(f"{server.url}/build/{gpt.slug}/configure")
    model = LanguageModel.objects.get(name="json")
    page.get_by_label("Model", exact=True).select_option(str(model.pk))
    expect(page.locator('[data-lacks="web_search"]')).to_be_visible()
    expect(page.get_by_label("Web search")).to_be_hidden()
    page.get_by_label("Answer format").select_option("json_schema")
    editor = page.get_by_label("JSON schema", exact=True)
    editor.fill('{"type": "object",}')
    expect(page.get_by_text("This is not JSON: line 1, column 19.")).to_be_visible()
    page.get_by_role("button", name="Insert an example").click()
    expect(editor).to_have_value(re.compile(r"^\{\s*\"type\": \"object\""))
    assert json.loads(editor.input_value())["required"] == ["items"]
    expect_saved(page)
    fresh = GPT.objects.get(pk=gpt.pk)
    assert (fresh.language_model, fresh.output_format) == (model, "json_schema")
    assert fresh.output_schema is not None

    page.goto(f"{server.url}/build/{gpt.slug}/preview")
    composer = page.locator("form.composer textarea").last
    composer.fill("List them")
    composer.press("Enter")
    expect(page.get_by_role("columnheader", name="quantity")).to_be_visible()
    expect(page.get_by_role("cell", name="40")).to_be_visible()
    page.get_by_text("Raw JSON").click()
    expect(page.locator(".json-answer__text")).to_contain_text('"quantity": 40')
