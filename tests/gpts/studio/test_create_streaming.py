"""Create answers as turns: mirrored in Redis, resumed, stopped from another process, ended when lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from core.errors import NotFound
from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.chat.streaming.begin import Requester
from gpts.chat.streaming.connection import (
    build_events_key,
    build_running_key,
    close_async_redis,
    find_alive_turns,
    get_sync_redis,
)
from gpts.chat.streaming.mirror import follow_from_redis
from gpts.llm.services.providers import ensure_offline_provider
from gpts.llm.states import TurnState
from gpts.metering.models import BudgetReservation
from gpts.studio.create.begin import begin_message, stop_create_answer
from gpts.studio.create.functions import Proposal
from gpts.studio.models import BuilderMessage
from gpts.tasks import reap_lost_turns
from tests.fakes.openai_server import WORDS, ModelServer
from tests.support.budgets import add_new_member, create_monthly_budget, create_owned_company, read_counters
from tests.support.chat import configure_model
from tests.support.factories.gpts import GPTFactory
from tests.support.times import NOW
from tests.support.waiting import wait_for
from tests.support.web_client import Event, MakeWebClient, WebClient, get_streamed_text, read_events
from workspaces.access import scope_for
from workspaces.models import Member
from workspaces.queries import cache_user_roles


def a_draft(url: str = "", model: str = "") -> GPT:
    with system_scope("tests"):
        ensure_offline_provider(at=NOW)
        if not model:
            return GPTFactory.create(
                name="New GPT", description="", instructions="", starters=[], category="other"
            )
        return GPTFactory.create(language_model=configure_model(url, model))


def create_url(gpt: GPT) -> str:
    return f"/build/{gpt.slug}/create/messages"


def get_answer() -> BuilderMessage:
    with system_scope("tests"):
        return BuilderMessage.objects.get(role="assistant")


def wait_until_ended(seconds: float = 60.0) -> BuilderMessage:
    end = time.monotonic() + seconds
    while (answer := get_answer()).state == TurnState.RUNNING and time.monotonic() < end:
        time.sleep(0.05)
    return answer


def read_until(browser: WebClient, gpt: GPT, is_enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Say something and leave as soon as enough was heard."""
    heard: list[Event] = []
    with browser.ask(create_url(gpt), "A guide to tides") as response:
        for event in read_events(response):
            heard.append(event)
            if is_enough(heard):
                break
    return heard


def resume(browser: WebClient, gpt: GPT, offset: int) -> list[Event]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(offset)}
    with browser.http.stream("POST", create_url(gpt), data={"text": "ignored"}, headers=headers) as response:
        assert response.status_code == 200, response.read()
        return list(read_events(response))


async def read_mirror(answer: BuilderMessage, offset: int = 0) -> str:
    seen = "".join([part.decode() async for part in follow_from_redis(answer.pk, offset)])
    await close_async_redis()
    return seen


def test_a_reader_who_comes_back_gets_what_was_missed(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = a_draft(model_server.url, "normal:40:40")
    browser = make_web_client(gpt.owner)
    heard = read_until(browser, gpt, lambda found: len(get_streamed_text(found)) > 30)
    offset = heard[-1].id or 0

    rest = resume(browser, gpt, offset)

    assert get_streamed_text(heard) + get_streamed_text(rest) == "".join(WORDS[n % 10] for n in range(40))
    assert rest[0].data["message"] == heard[0].data["message"]
    assert (rest[-1].name, rest[-1].data["state"]) == ("end", "finished")
    with system_scope("tests"):
        assert BuilderMessage.objects.count() == 2
    assert len(model_server.state.requests) == 1
    ended = resume(browser, gpt, 0)
    assert [event.name for event in ended] == ["message", "end"]
    assert ended[-1].data["text"] == rest[-1].data["text"]


def test_another_process_follows_text_and_cards_and_stops_the_answer(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = a_draft(model_server.url, "builder:400:1")
    browser = make_web_client(gpt.owner)
    heard = read_until(browser, gpt, lambda found: found[-1].name == "delta")
    answer = get_answer()
    assert answer.state == TurnState.RUNNING
    assert find_alive_turns([answer.pk]) == {answer.pk}

    # This test is a process of its own: it reads along by Redis alone.
    with system_scope("tests"):
        assert stop_create_answer(gpt.owner, gpt)
    seen = asyncio.run(read_mirror(answer))

    ended = wait_until_ended()
    assert (ended.state, ended.error_code) == (TurnState.STOPPED, "")
    assert ended.content.startswith("The")
    assert "Which coast is it for?" in ended.content
    assert [event.name for event in heard].count("change") == 5
    assert seen.count("event: change") == 5
    assert seen.count("event: working") == 6
    assert "Tide guide" in seen
    assert seen.count("event: end") == 1
    assert '"state": "stopped"' in seen
    assert model_server.wait_until(lambda state: state.open_streams == 0)


def test_a_reader_who_comes_back_late_gets_cards_and_end(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = a_draft(model_server.url, "builder")
    browser = make_web_client(gpt.owner)
    heard = read_until(browser, gpt, lambda found: False)

    again = resume(browser, gpt, 0)

    cards = [event.data["id"] for event in heard if event.name == "change"]
    assert [event.data["id"] for event in again if event.name == "change"] == cards
    assert again[-1].data | {"html": ""} == heard[-1].data | {"html": ""}


def test_there_is_nothing_to_come_back_to(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt, stranger = a_draft(), a_draft()
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "0"}

    own = make_web_client(gpt.owner).http.post(create_url(gpt), headers=headers)
    foreign = make_web_client(stranger.owner).http.post(create_url(gpt), headers=headers)

    assert (own.status_code, own.json()["error"]["code"]) == (404, "message_not_found")
    assert foreign.status_code == 404


def read_stream(message_id: UUID) -> list[dict[str, str]]:
    return [fields for _id, fields in get_sync_redis().xrange(build_events_key(message_id))]


def test_the_interview_is_a_turn_too(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt = a_draft()

    found = make_web_client(gpt.owner).say(create_url(gpt), "I want a GPT that explains grammar to pupils.")

    names = [event.name for event in found]
    assert (names[0], names[-2:]) == ("message", ["delta", "end"])
    assert names.count("change") >= 3
    answer = get_answer()
    assert (answer.state, answer.content) == ("finished", found[-1].data["text"])
    assert answer.step
    # The end is sent to readers and to Redis at the same time.
    wait_for(lambda: any("end" in fields for fields in read_stream(answer.pk)))
    mirrored = "".join(fields.get("text", "") for fields in read_stream(answer.pk))
    assert mirrored.strip() == answer.content


def test_without_scripts_the_page_comes_at_once_and_refreshes_until_the_answer_has_ended(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    slow = a_draft(model_server.url, "held:200")
    browser = make_web_client(slow.owner)

    response = browser.http.post(create_url(slow), data={"text": "A guide to tides"})

    assert (response.status_code, response.headers["location"]) == (302, f"/build/{slow.slug}/create")
    assert get_answer().state == TurnState.RUNNING
    assert 'http-equiv="refresh"' in browser.http.get(response.headers["location"]).text


def test_without_scripts_the_answer_changes_the_draft(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = a_draft(model_server.url, "builder")

    make_web_client(gpt.owner).http.post(create_url(gpt), data={"text": "A guide to tides"})

    assert wait_until_ended().state == TurnState.FINISHED
    gpt.refresh_from_db()
    assert gpt.name == "Tide guide"


def test_an_answer_ends_when_its_person_may_not_edit_any_more(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = a_draft(model_server.url, "normal:4000:40")
    browser = make_web_client(gpt.owner)
    read_until(browser, gpt, lambda found: len(get_streamed_text(found)) > 20)

    with system_scope("tests"):
        quarantine_gpt(gpt=gpt, at=NOW)

    ended = wait_until_ended()
    assert (ended.state, ended.error_code) == (TurnState.FAILED, "access_ended")
    assert ended.content.startswith("arch light")


def test_a_change_is_refused_once_its_person_has_left_although_the_answer_runs_on(
    transactional_db: None, model_server: ModelServer
) -> None:
    """Roles that were read for the request must not decide about a later step."""
    with system_scope("tests"):
        place = create_owned_company()
        builder = add_new_member(place, role="builder")
        gpt = GPTFactory.create(
            owner=builder, workspace=place, name="Before",
            language_model=configure_model(model_server.url, "normal:3"),
        )  # fmt: skip
    cache_user_roles(builder)
    requester = Requester(builder, scope_for(builder), "web", None, "en")
    job = begin_message(requester, gpt.slug, "Call it After").job
    assert job is not None
    with system_scope("tests"):
        Member.objects.filter(workspace=place, user=builder).delete()

    with pytest.raises(NotFound):
        job._apply_proposal(Proposal("name", "After"), timezone.now())

    with system_scope("tests"):
        gpt.refresh_from_db()
        assert gpt.name == "Before"


@pytest.mark.parametrize("is_alive", [False, True])
def test_an_answer_whose_process_died_is_interrupted_with_its_text_and_releases_its_budget(
    transactional_db: None, model_server: ModelServer, is_alive: bool
) -> None:
    with system_scope("tests"):
        place = create_owned_company()
        owner = add_new_member(place, role="owner")
        gpt = GPTFactory.create(
            owner=owner, workspace=place, language_model=configure_model(model_server.url, "normal:3")
        )
        budget = create_monthly_budget(place, owner, hard_limit=1)
    begin_message(Requester(owner, scope_for(owner), "web", None, "en"), gpt.slug, "Hello")
    answer = get_answer()
    get_sync_redis().xadd(build_events_key(answer.pk), {"text": "Half an "})
    get_sync_redis().xadd(build_events_key(answer.pk), {"text": "answer"})
    if is_alive:
        get_sync_redis().set(build_running_key(answer.pk), "1", ex=20)
    with system_scope("tests"):
        BuilderMessage.objects.update(created_at=timezone.now() - timedelta(minutes=1))
        assert read_counters(budget) == [(owner.pk, 0, 1)]

    assert [reap_lost_turns(), reap_lost_turns()] == [0 if is_alive else 1, 0]

    with system_scope("tests"):
        ended = get_answer()
        if is_alive:
            assert (ended.state, read_counters(budget)) == (TurnState.RUNNING, [(owner.pk, 0, 1)])
            return
        assert (ended.state, ended.error_code) == (TurnState.INTERRUPTED, "interrupted")
        assert (ended.content, ended.ended_at is not None) == ("Half an answer", True)
        assert read_counters(budget) == [(owner.pk, 0, 0)]
        assert not BudgetReservation.objects.exists()


def test_a_cut_answer_says_so_and_offers_to_go_on(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = a_draft(model_server.url, "length:5")
    browser = make_web_client(gpt.owner)

    end = browser.say(create_url(gpt), "A guide to tides")[-1].data

    assert (end["state"], end["finish_reason"]) == ("finished", "length")
    assert end["note"].startswith("This answer ends at the model's limit")
    assert end["choices"] == ["Continue where you stopped."]
    assert get_answer().finish_reason == "length"


@pytest.mark.parametrize(
    ("model", "name"),
    [("play-tool_index_same", "Harbour Desk"), ("play-tool_in_text", "Harbour Desk"),
     ("play-tool_args_object", "Harbour Desk"), ("play-tool_name_repeat", "Harbour Desk")],
)  # fmt: skip
def test_calls_of_every_dialect_change_the_draft(
    make_web_client: MakeWebClient, model_server: ModelServer, model: str, name: str
) -> None:
    gpt = a_draft(model_server.url, model)

    found = make_web_client(gpt.owner).say(create_url(gpt), "A desk for the harbour")

    with system_scope("tests"):
        gpt.refresh_from_db()
    assert gpt.name == name
    assert "<tool_call>" not in str([event.data for event in found])


def test_thinking_is_no_part_of_an_answer(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt = a_draft(model_server.url, "play-think_inline")

    found = make_web_client(gpt.owner).say(create_url(gpt), "A guide to depots")

    assert get_answer().content == "The depot opens at seven."
    assert get_streamed_text(found) == "The depot opens at seven."
