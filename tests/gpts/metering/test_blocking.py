"""A hard limit refuses every way to a model before it is called, as seen by the model server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from django.conf import settings
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.streaming.begin import Requester, begin_first_turn
from gpts.chat.streaming.lost import interrupt_lost_turns
from gpts.evals.models import GoldenResult
from gpts.evals.services.runs import start_run
from gpts.evals.tasks import ask_golden_prompt
from gpts.metering.models import BudgetReservation, UsageEvent
from gpts.metering.services.budgets import release_stale
from gpts.studio.create.begin import begin_message
from gpts.studio.models import BuilderMessage
from gpts.tasks import FIND_RUNNING
from tests.fakes.openai_server import ModelServer
from tests.support.budgets import add_new_member, create_monthly_budget, create_owned_company, read_counters
from tests.support.chat import configure_model, create_public_gpt
from tests.support.evals import create_golden_prompt
from tests.support.web_client import MakeWebClient, WebClient
from workspaces.access import scope_for
from workspaces.models import Notification, User, Workspace
from workspaces.services.api_keys import create_api_key
from workspaces.states import ApiScope


def a_live_gpt(
    place: Workspace, owner: User, provider: ModelServer, model: str = "normal:12", **draft: Any
) -> GPT:
    priced = configure_model(provider.url, model, input_price=1_000_000, output_price=2_000_000)
    return create_public_gpt(priced, owner=owner, workspace=place, **draft)


def rows() -> tuple[int, ...]:
    tables = (Conversation, Turn, Message, UsageEvent, BuilderMessage, BudgetReservation)
    return tuple(table.objects.count() for table in tables)


def create_url(gpt: GPT) -> str:
    return f"/build/{gpt.slug}/create/messages"


@pytest.fixture
def place(transactional_db: None) -> Workspace:
    with system_scope("tests"):
        return create_owned_company()


def test_every_way_to_a_model_is_refused_before_the_model_is_called(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    owner = add_new_member(place, role="owner")
    gpt = a_live_gpt(place, owner, model_server)
    other = create_public_gpt(gpt.language_model, owner=owner, workspace=place, name="Other")
    browser = make_web_client(owner)
    head = browser.say(f"/g/{gpt.slug}/chat/turns", "first")[0].data
    here = f"/c/{head['conversation']}/turns"
    with system_scope("tests"):
        create_monthly_budget(
            place, owner, name="Used", subject="workspace", is_each=False, measure="tokens", hard_limit=1
        )
    model_server.state.requests.clear()
    before = rows()

    refused = {}
    for name, url, fields in (
        ("a new chat", f"/g/{gpt.slug}/chat/turns", {}),
        ("a temporary one", f"/g/{gpt.slug}/chat/turns", {"temporary": "1"}),
        ("the preview", f"/g/{gpt.slug}/chat/turns", {"draft": "1"}),
        ("the next message", here, {}),
        ("another GPT by @", here, {"gpt": other.slug}),
        ("a first message to another by @", f"/g/{gpt.slug}/chat/turns", {"gpt": other.slug}),
        ("the same again", f"{here}/{head['turn']}/retry", {}),
        ("in other words", f"{here}/{head['turn']}/edit", {}),
        ("the Create conversation", create_url(gpt), {}),
    ):
        with browser.ask(url, "second", **fields) as response:
            response.read()
            refused[name] = (response.status_code, response.json()["error"]["code"])

    assert refused == dict.fromkeys(refused, (429, "budget_exceeded"))
    assert len(refused) == 9
    assert model_server.state.requests == []
    assert rows() == before


def test_api_keys_are_refused_too(place: Workspace, server: Any, model_server: ModelServer) -> None:
    owner = add_new_member(place, role="owner")
    gpt = a_live_gpt(place, owner, model_server)
    with system_scope("tests"):
        create_monthly_budget(place, owner, hard_limit=1)
        _key, plain = create_api_key(
            user=owner, workspace=place, name="x", scopes=[ApiScope.CHAT], by=owner, at=timezone.now()
        )
    headers = {"authorization": f"Bearer {plain}"}
    with httpx2.Client(base_url=f"{server.url}/api/v1", timeout=20, trust_env=False, headers=headers) as http:
        first = http.post(f"/gpts/{gpt.slug}/conversations", json={"text": "Hi"})
        here = f"/conversations/{first.json()['conversation']}"
        model_server.state.requests.clear()
        answers = [
            http.post(f"/gpts/{gpt.slug}/conversations", json={"text": "Hi"}),
            http.post(f"{here}/turns", json={"text": "And?"}),
            http.post(f"{here}/turns/{first.json()['turn']}/retry", json={}),
            http.post(f"{here}/turns/{first.json()['turn']}/edit", json={"text": "Ho"}),
        ]

    assert first.status_code == 201
    error = answers[0].json()["error"]
    assert [answer.status_code for answer in answers] == [429] * 4
    assert {key: error["data"][key] for key in ("budget", "workspace", "measure", "hard_limit", "used")} == {
        "budget": "Monthly answers", "workspace": place.name, "measure": "turns", "hard_limit": 1, "used": 1,
    }  # fmt: skip
    assert "is used up: 1 answer a month. It opens again at" in error["message"]
    assert int(answers[0].headers["retry-after"]) > 0
    assert model_server.state.requests == []
    assert Turn.objects.count() == 1


JUDGED = {"assertions": [{"kind": "judge", "rubric": "Polite"}]}
FIXED = {"answers_only_from_knowledge": True, "no_answer_text": "Ask the front desk."}


@pytest.mark.parametrize(("draft", "prompt"), [({}, {}), ({}, JUDGED), (FIXED, JUDGED)])
def test_golden_prompts_and_their_judges_are_refused_and_the_result_says_so(
    place: Workspace, model_server: ModelServer, draft: dict[str, Any], prompt: dict[str, Any]
) -> None:
    with system_scope("tests"):
        owner = add_new_member(place, role="owner")
        gpt = a_live_gpt(place, owner, model_server, **draft)
        budget = create_monthly_budget(place, owner, measure="tokens", hard_limit=1)
        create_golden_prompt(gpt, **prompt)
        run = start_run(gpt=gpt, version=None, kind="golden", language="en", by=owner, at=timezone.now())

    ask_golden_prompt(run_id=str(run.pk))

    with system_scope("tests"):
        result = GoldenResult.objects.get()
        assert (result.state, result.error_code) == ("error", "budget_exceeded")
        assert read_counters(budget) == []
    assert model_server.state.requests == []


def test_a_rate_per_minute_opens_with_the_next_minute(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    owner = add_new_member(place, role="owner")
    gpt = a_live_gpt(place, owner, model_server)
    with system_scope("tests"):
        create_monthly_budget(place, owner, name="Slowly", window="minute", hard_limit=1)
    browser = make_web_client(owner)
    answers = []
    for _number in range(3):  # the minute may end in between
        with browser.ask(f"/g/{gpt.slug}/chat/turns", "hello") as response:
            response.read()
            answers.append(response)

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    error = refused[-1].json()["error"]
    assert error["code"] == "rate_limited"
    assert 1 <= error["data"]["retry_after"] <= 61
    assert error["message"] == (
        f"Too fast: “Slowly” in {place.name} allows 1 answer a minute. Wait a moment and send it again."
    )
    assert len(model_server.state.requests) == 3 - len(refused)


def test_concurrent_messages_get_exactly_what_is_left(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    with system_scope("tests"):
        owner = add_new_member(place, role="owner")
        people = [owner, *(add_new_member(place) for _number in range(3))]
        gpt = a_live_gpt(place, owner, model_server)
        budget = create_monthly_budget(place, owner, subject="workspace", is_each=False, hard_limit=5)
    browsers = [make_web_client(people[number % 4]) for number in range(12)]

    def one(browser: WebClient) -> tuple[int, str]:
        with browser.ask(f"/g/{gpt.slug}/chat/turns", "hello") as response:
            response.read()
            is_refused = response.status_code != 200
            return response.status_code, response.json()["error"]["code"] if is_refused else ""

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(one, browsers))

    asked = [answer for answer in answers if answer[0] == 200]
    # People with three running answers were refused before the budget was read.
    assert set(answers) - set(asked) <= {(429, "budget_exceeded"), (429, "turns_running")}
    assert len(model_server.state.requests) == len(asked) == Turn.objects.count() == 5
    assert read_counters(budget) == [(None, 5, 0)]


def test_concurrent_messages_do_not_exceed_the_limit_of_running_answers(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    owner = add_new_member(place, role="owner")
    gpt = a_live_gpt(place, owner, model_server, "normal:3000:50")
    browsers = [make_web_client(owner) for _number in range(9)]

    def one(browser: WebClient) -> int:
        with browser.ask(f"/g/{gpt.slug}/chat/turns", "hello") as response:
            return response.status_code

    with ThreadPoolExecutor(9) as pool:
        answers = sorted(pool.map(one, browsers))

    assert answers == [200] * settings.CHAT_RUNNING_TURNS + [429] * (9 - settings.CHAT_RUNNING_TURNS)
    for turn in Turn.objects.all():
        url = f"/c/{turn.conversation_id}/turns/{turn.pk}/stop"
        browsers[0].http.post(url, headers={"Accept": "application/json"})


def test_counters_are_kept_when_chats_are_deleted(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    owner = add_new_member(place, role="owner")
    gpt = a_live_gpt(place, owner, model_server)
    with system_scope("tests"):
        answers = create_monthly_budget(place, owner, hard_limit=1)
        cost = create_monthly_budget(place, owner, name="Cost", measure="cost_micros", hard_limit=10**9)
    browser = make_web_client(owner)
    head = browser.say(f"/g/{gpt.slug}/chat/turns", "first")[0].data
    spent = Turn.objects.get().cost_micros

    browser.http.post(f"/c/{head['conversation']}/delete")
    with system_scope("tests"):
        Conversation.objects.all().delete()

    assert spent > 0
    assert not Turn.objects.exists()
    assert (read_counters(answers), read_counters(cost)) == ([(owner.pk, 1, 0)], [(owner.pk, spent, 0)])
    assert browser.refused(f"/g/{gpt.slug}/chat/turns", "second") == (429, "budget_exceeded")


def test_a_failed_answer_releases_its_reservation(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    owner = add_new_member(place, role="owner")
    gpt = a_live_gpt(place, owner, model_server)
    with system_scope("tests"):
        budget = create_monthly_budget(place, owner, hard_limit=1)
    browser = make_web_client(owner)

    model_server.state.control = "server-error"
    failed = browser.say(f"/g/{gpt.slug}/chat/turns", "first")
    after_failure = read_counters(budget)
    model_server.state.control = ""
    answered = browser.say(f"/g/{gpt.slug}/chat/turns", "second")

    assert (failed[-1].data["state"], answered[-1].data["state"]) == ("failed", "finished")
    assert after_failure == [(owner.pk, 0, 0)]
    assert read_counters(budget) == [(owner.pk, 1, 0)]


def test_the_reservation_of_a_lost_turn_is_released(place: Workspace, model_server: ModelServer) -> None:
    with system_scope("tests"):
        owner = add_new_member(place, role="owner")
        gpt = a_live_gpt(place, owner, model_server)
        budget = create_monthly_budget(place, owner, hard_limit=1)
    requester = Requester(owner, scope_for(owner), "web", None, "en")
    begin_first_turn(requester, gpt.slug, "Hello", uuid4().hex, is_draft=False)
    with system_scope("tests"):
        held = read_counters(budget)

        ended = interrupt_lost_turns(at=timezone.now() + timedelta(minutes=1))

        assert (held, ended) == ([(owner.pk, 0, 1)], 1)
        assert read_counters(budget) == [(owner.pk, 0, 0)]
    assert begin_first_turn(requester, gpt.slug, "Again", uuid4().hex, is_draft=False).job is not None


def test_the_create_conversation_is_counted_and_failures_are_released(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    owner = add_new_member(place, role="owner")
    gpt = a_live_gpt(place, owner, model_server, "builder")
    with system_scope("tests"):
        answers = create_monthly_budget(place, owner, soft_limit=1, hard_limit=2)
        tokens = create_monthly_budget(place, owner, name="Tokens", measure="tokens", hard_limit=10**6)
    browser = make_web_client(owner)

    browser.say(create_url(gpt), "A guide to the tides")
    said = BuilderMessage.objects.get(role="assistant")
    first = read_counters(answers), read_counters(tokens)
    model_server.state.control = "server-error"
    browser.say(create_url(gpt), "Make it shorter")
    after_failure = read_counters(answers), read_counters(tokens)

    assert said.input_tokens + said.output_tokens > 0
    assert first == ([(owner.pk, 1, 0)], [(owner.pk, said.input_tokens + said.output_tokens, 0)])
    assert after_failure == first
    assert Notification.objects.filter(kind="gpts.budget_warning").count() == 1
    assert not BudgetReservation.objects.exists()


def test_a_lost_create_answer_is_released_and_a_running_one_is_not(
    place: Workspace, model_server: ModelServer
) -> None:
    with system_scope("tests"):
        owner = add_new_member(place, role="owner")
        gpt = a_live_gpt(place, owner, model_server)
        budget = create_monthly_budget(place, owner, hard_limit=9)
    requester = Requester(owner, scope_for(owner), "web", None, "en")
    begin_message(requester, gpt.slug, "Hello")
    with system_scope("tests"):
        assert release_stale(at=timezone.now() + timedelta(minutes=11), running=FIND_RUNNING) == 0
        assert read_counters(budget) == [(owner.pk, 0, 1)]
        BuilderMessage.objects.update(created_at=timezone.now() - timedelta(hours=1))

    begin_message(requester, gpt.slug, "Hello again")

    with system_scope("tests"):
        # The lost answer was released, the new one is reserved.
        assert read_counters(budget) == [(owner.pk, 0, 1)]


def test_the_guided_interview_calls_no_model_and_is_not_counted(
    place: Workspace, make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    owner = add_new_member(place, role="owner")
    with system_scope("tests"):
        gpt = create_public_gpt(owner=owner, workspace=place)
        budget = create_monthly_budget(place, owner, measure="tokens", hard_limit=1)

    found = make_web_client(owner).say(create_url(gpt), "A guide to the tides")

    assert found[-1].data["state"] == "finished"
    assert read_counters(budget) == []
