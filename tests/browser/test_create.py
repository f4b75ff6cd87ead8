"""The Create conversation in a browser: the interview, a model that calls functions, undo, failures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, expect

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import update_draft
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.providers import ensure_offline_provider
from gpts.llm.states import ModelFeature
from gpts.studio.models import BuilderMessage
from tests.fakes.openai_server import ModelServer
from tests.support.browser import Person
from tests.support.factories.gpts import GPTFactory
from tests.support.services import WebService
from tests.support.times import LATER, NOW

WIDER_THAN_WINDOW = "() => document.documentElement.scrollWidth > innerWidth"


@pytest.fixture
def gpt(server: WebService) -> GPT:
    ensure_offline_provider(at=NOW)
    return GPTFactory.create(name="New GPT", description="", instructions="", starters=[], category="other")


@pytest.fixture
def person(browser: Chromium, server: WebService, gpt: GPT) -> Iterator[Person]:
    made = Person(browser, server.url, "Ada")
    made.enter(gpt.owner)
    yield made
    made.close()


def use_model(gpt: GPT, name: str) -> None:
    with system_scope("tests"):
        provider = ModelProvider.objects.get(name="OpenAI-compatible")
        model, _made = LanguageModel.objects.get_or_create(
            provider=provider,
            name=name,
            defaults={
                "label": name,
                "context_window": 32_000,
                "max_output_tokens": 1_000,
                "input_price_micros": 1_000_000,
                "output_price_micros": 1_000_000,
                "features": [ModelFeature.TOOLS.value],
            },
        )
        gpt.language_model = model
        gpt.save(update_fields=["language_model"])


def send_message(person: Person, text: str) -> None:
    person.page.get_by_label("Message to the builder").fill(text)
    person.page.get_by_role("button", name="Send to the builder").click()


def expect_answers(person: Person, count: int) -> None:
    ended = person.page.locator("[data-create-messages] .message--assistant:not(.message--running)")
    expect(ended).to_have_count(count)


def get_card(person: Person, field: str) -> Locator:
    return person.page.get_by_role("region", name=f"Change of: {field}", exact=True).last


def test_the_interview_builds_a_gpt_and_changes_can_be_undone_and_redone(person: Person, gpt: GPT) -> None:
    person.go(f"/build/{gpt.slug}/create")
    person.sees("guided interview")

    send_message(person, "I want a GPT that explains grammar to pupils.")
    expect_answers(person, 1)
    expect(get_card(person, "Description")).to_contain_text("Explains grammar to pupils.")
    expect(person.page.locator(".builder__description")).to_have_text("Explains grammar to pupils.")
    send_message(person, "Grammar friend")
    expect_answers(person, 2)
    expect(person.page.locator(".builder__name")).to_have_text("Grammar friend")
    person.page.get_by_role("button", name="Pupils and students").click()
    expect_answers(person, 3)

    gpt.refresh_from_db()
    assert (gpt.name, gpt.category) == ("Grammar friend", "education")
    assert "Pupils and students." in gpt.instructions
    get_card(person, "Name").get_by_role("button", name="Undo").click()
    expect(get_card(person, "Name")).to_contain_text("Undone")
    expect(person.page.locator(".builder__name")).not_to_have_text("Grammar friend")
    get_card(person, "Name").get_by_role("button", name="Redo").click()
    expect(person.page.locator(".builder__name")).to_have_text("Grammar friend")
    person.page.reload()
    expect_answers(person, 3)
    expect(get_card(person, "Name")).to_contain_text("Grammar friend")
    person.assert_quiet()


def test_a_model_fills_the_draft_by_calling_functions(
    person: Person, gpt: GPT, instance_provider: ModelServer
) -> None:
    use_model(gpt, "builder")
    person.go(f"/build/{gpt.slug}/create")

    send_message(person, "I want to know when I can walk on the mud flats.")
    expect_answers(person, 1)

    expect(get_card(person, "Name")).to_contain_text("Tide guide")
    expect(get_card(person, "Instructions")).to_contain_text("Warn of fog.")
    person.sees("The functions have run.")
    expect(person.page.get_by_role("button", name="North Sea")).to_be_visible()
    expect(person.page.locator("[data-mirror-starters]")).to_contain_text("Is it safe today?")
    gpt.refresh_from_db()
    assert (gpt.name, gpt.category) == ("Tide guide", "lifestyle")
    assert gpt.starters == ["When is low tide?", "Is it safe today?"]
    with system_scope("tests"):
        message = BuilderMessage.objects.get(role="assistant")
    assert (message.state, message.model_name) == ("finished", "builder")
    assert message.input_tokens == 22
    assert message.cost_micros > 0
    sent = instance_provider.state.requests[0]["body"]
    assert "mud flats" in str(sent)
    assert "New GPT" in str(sent)
    person.assert_quiet()


def test_invalid_function_calls_are_shown_and_change_nothing(
    person: Person, gpt: GPT, instance_provider: ModelServer
) -> None:
    use_model(gpt, "builder-wrong")
    person.go(f"/build/{gpt.slug}/create")

    send_message(person, "Do something odd")
    expect_answers(person, 1)

    expect(get_card(person, "Name")).to_contain_text("Refused")
    expect(get_card(person, "Name")).to_contain_text("10 characters too long")
    expect(get_card(person, "Category")).to_contain_text("Choose one of the categories")
    gpt.refresh_from_db()
    assert (gpt.name, gpt.category, gpt.draft_revision) == ("New GPT", "other", 1)
    told = str(instance_provider.state.requests[-1]["body"])
    assert "10 characters too long" in told
    assert "There is no function" in told
    assert "must be one JSON object" in told


def test_after_a_provider_failure_the_message_is_kept_and_can_be_retried(
    person: Person, gpt: GPT, instance_provider: ModelServer
) -> None:
    use_model(gpt, "server-error")
    person.go(f"/build/{gpt.slug}/create")

    send_message(person, "A guide to tides")
    expect_answers(person, 1)

    person.sees("had an error of its own")
    expect(person.page.get_by_label("Message to the builder")).to_have_value("A guide to tides")
    use_model(gpt, "builder")
    person.page.get_by_role("button", name="Try again").click()
    expect_answers(person, 2)
    expect(get_card(person, "Name")).to_contain_text("Tide guide")


def test_a_stopped_answer_keeps_its_text(person: Person, gpt: GPT, instance_provider: ModelServer) -> None:
    use_model(gpt, "normal:2000:20")
    person.go(f"/build/{gpt.slug}/create")

    send_message(person, "A guide to tides")
    expect(person.page.locator("[data-create-messages] .message--running")).to_contain_text("arch")
    person.page.get_by_role("button", name="Stop the builder").click()
    expect_answers(person, 1)

    person.sees("You stopped this answer")
    expect(person.page.locator("[data-create-messages] .message--failed")).to_have_count(0)
    expect(person.page.get_by_role("button", name="Send to the builder")).to_be_visible()
    with system_scope("tests"):
        message = BuilderMessage.objects.get(role="assistant")
    assert (message.state, message.error_code) == ("stopped", "")
    assert message.content.startswith("arch")
    assert message.output_tokens > 0
    person.page.reload()
    person.sees("You stopped this answer")
    use_model(gpt, "builder")
    send_message(person, "Then tell me about tides")
    expect_answers(person, 2)
    expect(get_card(person, "Name")).to_contain_text("Tide guide")
    person.assert_quiet()


def test_an_answer_continues_when_its_reader_leaves(
    person: Person, gpt: GPT, instance_provider: ModelServer
) -> None:
    use_model(gpt, "normal:30:20")
    person.go(f"/build/{gpt.slug}/create")
    send_message(person, "A guide to tides")
    expect(person.page.locator("[data-create-messages] .message--running")).to_contain_text("arch")

    person.page.goto("about:blank")

    def ended() -> bool:
        with system_scope("tests"):
            return BuilderMessage.objects.filter(role="assistant", state="finished").exists()

    deadline = 900
    while not ended() and deadline:
        person.page.wait_for_timeout(100)
        deadline -= 1
    person.go(f"/build/{gpt.slug}/create")
    expect_answers(person, 1)
    expect(person.page.locator("[data-create-messages] .message--assistant")).to_contain_text("warm")


def test_undo_asks_before_it_overwrites_a_later_edit(person: Person, gpt: GPT) -> None:
    person.go(f"/build/{gpt.slug}/create")
    send_message(person, "A tutor for fractions")
    expect_answers(person, 1)
    gpt.refresh_from_db()
    update_draft(
        gpt=gpt, revision=gpt.draft_revision, changes={"description": "By hand."}, by=gpt.owner, at=LATER
    )

    get_card(person, "Description").get_by_role("button", name="Undo").click()

    expect(get_card(person, "Description")).to_contain_text("changed since")
    expect(get_card(person, "Description")).to_contain_text("By hand.")
    get_card(person, "Description").get_by_role("button", name="Undo all the same").click()
    expect(get_card(person, "Description")).to_contain_text("Undone")
    gpt.refresh_from_db()
    assert gpt.description == ""


def test_a_too_long_message_stays_in_its_field(person: Person, gpt: GPT) -> None:
    person.go(f"/build/{gpt.slug}/create")

    send_message(person, "x" * 200_000)

    person.sees("too long")
    assert len(person.page.get_by_label("Message to the builder").input_value()) == 200_000
    with system_scope("tests"):
        assert not BuilderMessage.objects.exists()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits_a_phone(person: Person, gpt: GPT, scheme: str) -> None:
    page = person.page
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # a literal
    person.go(f"/build/{gpt.slug}/create")
    send_message(person, "A tutor for fractions")
    expect_answers(person, 1)

    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    page.set_viewport_size({"width": 360, "height": 740})

    assert [(rule["id"], rule["nodes"][0]["target"]) for rule in results.response["violations"]] == []
    assert not page.evaluate(WIDER_THAN_WINDOW)
    person.assert_quiet()
