"""Answers that fail: the provider fails, the reader leaves, the web service is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from config.celery import app
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.chat.models import Message, Turn
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import ModelFeature
from gpts.metering.models import UsageEvent
from gpts.studio.models import BuilderMessage
from tests.fakes.openai_server import WORDS, ModelServer
from tests.support.browser import Person
from tests.support.chat import create_public_gpt
from tests.support.people import create_person
from tests.support.services import WebService, WorkerService, start_web_service
from tests.support.waiting import wait_for
from tests.support.web_client import WebClient, read_events
from workspaces.models import User

NOWHERE = "http://127.0.0.1:9/v1"  # the discard port, on which no server listens
FAILURES = {
    "unauthorized": ("bad_key", "refused our key"),
    "rate-limited": ("rate_limited", "Try again in 7 seconds"),
    "server-error": ("provider_error", "an error of its own"),
    "overflow": ("context_overflow", "too long for the model"),
    "malformed": ("malformed_stream", "was damaged"),
    "cut": ("provider_down", "does not answer"),
}


def create_gpt_on(model: str, **draft: Any) -> GPT:
    with system_scope("tests"):
        provider = ModelProvider.objects.get(name="OpenAI-compatible")
        chosen, _made = LanguageModel.objects.get_or_create(
            provider=provider,
            name=model,
            defaults={
                "label": model,
                "context_window": 8_000,
                "max_output_tokens": 1_000,
                "features": [ModelFeature.TOOLS],  # without it Create is an interview
            },
        )
    return create_public_gpt(chosen, name=f"Answers by {model}"[:50], **draft)


@pytest.fixture
def reader() -> User:
    return create_person("Rita")


@pytest.fixture
def person(browser: Chromium, server: WebService, reader: User) -> Iterator[Person]:
    made = Person(browser, server.url, "Rita")
    made.enter(reader)
    yield made
    made.close()


def ask(person: Person, text: str) -> None:
    person.page.get_by_label("Message", exact=True).fill(text)
    person.press("Send")


def test_every_provider_failure_is_shown_with_retry_and_costs_nothing(
    person: Person, instance_provider: ModelServer
) -> None:
    person.go(f"/g/{create_gpt_on('echo').slug}/chat")
    page = person.page
    for number, (behaviour, (code, message)) in enumerate(FAILURES.items(), 1):
        instance_provider.state.control = behaviour
        ask(person, f"Question {number} about {behaviour}")
        note = page.locator(".message--failed .message__note").nth(number - 1)
        expect(note).to_contain_text(message)
        expect(page.locator(".message--user").last).to_contain_text(f"Question {number} about {behaviour}")
        # Every failed question offers a retry; use that of the last one.
        again = page.get_by_role("button", name="Try again")
        expect(again).to_have_count(number)
        expect(page.locator(".button--primary", has_text="Try again")).to_have_count(1)
        turn = Turn.objects.get(position=number)
        assert (turn.state, turn.error_code) == ("failed", code)
    ModelProvider.objects.filter(name="OpenAI-compatible").update(base_url=NOWHERE)
    ask(person, "Is the provider there?")
    note = page.locator(".message--failed .message__note").nth(len(FAILURES))
    expect(note).to_contain_text("does not answer")
    assert Turn.objects.get(position=len(FAILURES) + 1).error_code == "provider_down"
    assert not UsageEvent.objects.exists()
    page.reload()
    expect(page.locator(".message--failed")).to_have_count(len(FAILURES) + 1)

    ModelProvider.objects.filter(name="OpenAI-compatible").update(base_url=instance_provider.url)
    instance_provider.state.control = "echo"
    again.last.click()

    expect(page.locator(".message--assistant .message__text").last).to_have_text("Is the provider there?")
    expect(page.locator(".message--user").last).to_contain_text("Is the provider there?")
    wait_for(UsageEvent.objects.exists)
    assert UsageEvent.objects.get().event_id == Turn.objects.get(state="finished").pk


def test_a_silent_provider_is_reported_after_the_configured_timeout(
    reader: User, instance_provider: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.openai_server.SLOW_SECONDS", 600.0)
    service = start_web_service("impatient", MODEL_FIRST_TOKEN_SECONDS="20", MODEL_IDLE_SECONDS="2")
    browser = WebClient(service.url, reader)
    try:
        found = browser.say(f"/g/{create_gpt_on('stall:6').slug}/chat/turns", "Are you still there?")
        page = browser.http.get(f"/c/{found[0].data['conversation']}").text
    finally:
        browser.close()
        service.stop()

    assert (found[-1].data["state"], found[-1].data["code"]) == ("failed", "provider_slow")
    assert "took too long" in found[-1].data["note"]
    assert Message.objects.get(role="assistant").content == "".join(WORDS[:3])
    assert not UsageEvent.objects.exists()
    assert "took too long" in page
    assert "Try again" in page
    assert "Are you still there?" in page


def test_an_answer_whose_browser_was_closed_is_finished_and_metered_once(
    person: Person, instance_provider: ModelServer, reader: User
) -> None:
    person.go(f"/g/{create_gpt_on('normal:80:40').slug}/chat")
    ask(person, "Write while I am away.")
    expect(person.page.locator(".message--assistant .message__text").last).to_contain_text("square")

    person.page.close()

    wait_for(lambda: Turn.objects.get().state != "running")
    assert Turn.objects.get().state == "finished"
    assert Message.objects.get(role="assistant").content == "".join(WORDS[n % len(WORDS)] for n in range(80))
    assert UsageEvent.objects.get().output_tokens == 80
    person.page = person.context.new_page()
    person.go(f"/c/{Turn.objects.get().conversation_id}")
    expect(person.page.locator(".message--assistant .message__text")).to_contain_text("merchant")


def test_after_kill_9_of_the_web_service_the_turn_is_interrupted_with_its_text(
    worker: WorkerService, instance_provider: ModelServer, reader: User
) -> None:
    first = start_web_service("killed")
    try:
        slug = create_gpt_on("normal:4000:40").slug
        browser, said = WebClient(first.url, reader), ""
        with browser.ask(f"/g/{slug}/chat/turns", "Tell me a long story") as response:
            stream = read_events(response)
            head = next(stream).data
            while len(said) < 400:
                event = next(stream)
                said += event.data.get("text", "") if event.name == "delta" else ""
            os.killpg(first.process.pid, signal.SIGKILL)
            first.process.wait(60)
    finally:
        first.stop()

    wait_for(run_reaper, seconds=60)
    turn = Turn.objects.get()
    kept = Message.objects.get(turn=turn, role="assistant").content
    assert (turn.state, turn.error_code) == ("interrupted", "interrupted")
    # The text that the browser showed is kept, except for the last tenth of a second.
    assert kept.startswith(said[:150])
    assert not UsageEvent.objects.exists()
    assert_interrupted_and_retry(start_web_service("after"), reader, instance_provider, head["conversation"])


def test_after_kill_9_of_the_web_service_a_create_answer_is_interrupted_with_its_text(
    worker: WorkerService, instance_provider: ModelServer
) -> None:
    owner = create_person("Ada")
    gpt = create_gpt_on("normal:4000:40", owner=owner)
    first = start_web_service("killed-create")
    browser, said = WebClient(first.url, owner), ""
    try:
        with browser.ask(f"/build/{gpt.slug}/create/messages", "A long story") as response:
            stream = read_events(response)
            while len(said) < 200:
                event = next(stream)
                said += event.data.get("text", "") if event.name == "delta" else ""
            os.killpg(first.process.pid, signal.SIGKILL)
            first.process.wait(60)
    finally:
        browser.close()
        first.stop()

    wait_for(lambda: run_reaper(BuilderMessage), seconds=60)
    answer = BuilderMessage.objects.get(role="assistant")
    assert (answer.state, answer.error_code) == ("interrupted", "interrupted")
    # Redis gets text four times a second.
    assert answer.content.startswith(said[:150])


def run_reaper(kind: type[Turn | BuilderMessage] = Turn) -> bool:
    """Run the job that ends turns of dead processes; return whether no turn is running."""
    app.send_task(app.conf.beat_schedule["gpts: end turns whose process died"]["task"])
    return not kind.objects.filter(state="running").exists()


def assert_interrupted_and_retry(
    service: WebService, reader: User, instance_provider: ModelServer, conversation: str
) -> None:
    browser = WebClient(service.url, reader)
    try:
        page = browser.http.get(f"/c/{conversation}").text
        assert "The server stopped while answering" in page
        assert "arch light square" in page
        assert "Try again" in page
        instance_provider.state.control = "normal:5"
        found = browser.say(f"/c/{conversation}/turns/{Turn.objects.get().pk}/retry")
        assert found[-1].data["state"] == "finished"
        assert UsageEvent.objects.count() == 1
    finally:
        browser.close()
        service.stop()
