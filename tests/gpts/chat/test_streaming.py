"""Chatting through the real web service, Redis and a model server: streams, stops, losses, isolation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.errors import RateLimited
from core.ids import uuid7, uuid7_time
from gpts.chat.models import Conversation, Message, Turn
from gpts.chat.states import MessageRole
from gpts.chat.streaming.begin import Requester, begin_first_turn
from gpts.chat.streaming.connection import build_events_key, check_message, get_sync_redis
from gpts.llm.states import TurnState
from gpts.metering.models import UsageEvent
from gpts.tasks import reap_lost_turns
from tests.fakes.openai_server import WORDS, ModelServer
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.web_client import Event, MakeWebClient, WebClient, get_streamed_text, read_events
from workspaces.access import scope_for
from workspaces.queries import cache_user_roles


def wait_for(is_true: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_true():
            return True
        time.sleep(0.05)
    return False


def test_a_first_message_streams_and_is_metered_once(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    model = configure_model(model_server.url, "normal:20", input_price=2_000_000, output_price=10_000_000)
    gpt, reader = create_public_gpt(model), UserFactory.create(display_name="Reader")

    found = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "Hello there")

    names = [event.name for event in found]
    assert names[0] == "turn"
    assert names[-1] == "end"
    answer = "".join(WORDS[n % len(WORDS)] for n in range(20))
    assert get_streamed_text(found) == answer
    assert "<p>arch light" in found[-1].data["html"]
    turn = Turn.objects.get()
    assert (turn.state, turn.input_tokens, turn.output_tokens, turn.cost_micros) == ("finished", 11, 20, 222)
    assert str(turn.pk) == found[0].data["turn"]
    assert turn.first_token_at is not None
    assert list(turn.messages.order_by("id").values_list("role", "content")) == [
        ("user", "Hello there"),
        ("assistant", answer),
    ]
    usage = UsageEvent.objects.get()
    assert (usage.event_id, usage.user_id, usage.payee_id) == (turn.pk, reader.pk, gpt.owner_id)
    assert (usage.input_tokens, usage.output_tokens, usage.cost_micros) == (11, 20, 222)
    assert usage.occurred_at == uuid7_time(turn.pk)
    assert Conversation.objects.get().title == "Hello there"
    gpt.refresh_from_db()
    assert gpt.conversation_count == 1


def test_the_next_turn_sends_the_history(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    first = browser.say(f"/g/{gpt.slug}/chat/turns", "one")

    browser.say(f"/c/{first[0].data['conversation']}/turns", "two")

    sent = model_server.state.requests[-1]["body"]["messages"]
    assert [(m["role"], m["content"]) for m in sent[1:]] == [
        ("user", "one"),
        ("assistant", "one "),
        ("user", "two"),
    ]
    assert "Ask before you correct." in sent[0]["content"]
    assert list(Turn.objects.order_by("position").values_list("position", "state")) == [
        (1, "finished"),
        (2, "finished"),
    ]


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("unauthorized", "bad_key"),
        ("rate-limited", "rate_limited"),
        ("server-error", "provider_error"),
        ("overflow", "context_overflow"),
        ("refused", "content_refused"),
        ("malformed", "malformed_stream"),
        ("cut", "provider_down"),
        ("empty", "empty_answer"),
    ],
)
def test_a_failure_is_told_kept_and_not_paid(
    make_web_client: MakeWebClient, model_server: ModelServer, model: str, code: str
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, model)),
        UserFactory.create(display_name="Reader"),
    )

    found = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "My question")

    end = found[-1].data
    assert (end["state"], end["code"]) == ("failed", code)
    assert end["note"]
    assert end["retry_after"] == (7 if model == "rate-limited" else None)
    turn = Turn.objects.get()
    assert (turn.state, turn.error_code) == (TurnState.FAILED, code)
    assert Message.objects.get(role=MessageRole.USER).content == "My question"
    assert UsageEvent.objects.count() == 0


def test_retry_after_a_failure_answers_and_is_paid_once(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "server-error")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    head = browser.say(f"/g/{gpt.slug}/chat/turns", "My question")[0].data
    model_server.state.control = "normal:3"

    found = browser.say(f"/c/{head['conversation']}/turns/{head['turn']}/retry")

    assert found[-1].data["state"] == "finished"
    old, new = Turn.objects.order_by("started_at")
    assert [old.is_shown, new.is_shown] == [False, True]
    assert new.parent_id == old.parent_id is None
    assert (new.position, new.is_regeneration) == (1, False)
    assert UsageEvent.objects.get().event_id == new.pk
    assert new.messages.get(role="user").content == "My question"


def test_regenerating_and_editing_keep_the_old_branch(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    head = browser.say(f"/g/{gpt.slug}/chat/turns", "first words")[0].data

    again = browser.say(f"/c/{head['conversation']}/turns/{head['turn']}/retry")[0].data
    edited = browser.say(f"/c/{head['conversation']}/turns/{again['turn']}/edit", "other words")

    assert get_streamed_text(edited) == "other words "
    turns = list(Turn.objects.order_by("started_at"))
    assert [turn.position for turn in turns] == [1, 1, 1]
    assert [turn.is_regeneration for turn in turns] == [False, True, False]
    assert [turn.is_shown for turn in turns] == [False, False, True]
    page = browser.http.get(f"/c/{head['conversation']}").text
    assert "other words" in page
    assert page.count("message--user") == 2  # the one turn, and the template of a new one
    assert ">3/3<" in page


def test_the_turn_survives_its_reader(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:30:30")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)

    with browser.ask(f"/g/{gpt.slug}/chat/turns", "Long") as response:
        for event in read_events(response):
            if event.name == "delta":
                break

    assert wait_for(lambda: Turn.objects.get().state == TurnState.FINISHED)
    assert UsageEvent.objects.get().output_tokens == 30
    assert Message.objects.get(role="assistant").content == "".join(WORDS[n % 10] for n in range(30))


def test_a_reader_resumes_where_it_stopped(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:40:40")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)
    before = ""
    with browser.ask(f"/g/{gpt.slug}/chat/turns", "Long") as response:
        for event in read_events(response):
            if event.name == "turn":
                head = event.data
            if event.name == "delta":
                before, offset = before + event.data["text"], event.id
                if len(before) > 30:
                    break

    url = f"/c/{head['conversation']}/turns/{head['turn']}/events"
    with browser.http.stream("GET", url, headers={"Last-Event-ID": str(offset)}) as response:
        rest = list(read_events(response))

    assert before + get_streamed_text(rest) == "".join(WORDS[n % 10] for n in range(40))
    assert rest[-1].data["state"] == "finished"
    with browser.http.stream("GET", url) as response:
        assert [event.name for event in read_events(response)] == ["turn", "end"]


def test_stop_keeps_what_was_said_and_meters_it(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:2000:50")),
        UserFactory.create(display_name="Reader"),
    )
    browser, other_tab = make_web_client(reader), make_web_client(reader)
    found = []
    with browser.ask(f"/g/{gpt.slug}/chat/turns", "Long") as response:
        for event in read_events(response):
            found.append(event)
            if event.name == "delta" and len(get_streamed_text(found)) > 20 and len(found) < 50:
                head = found[0].data
                stop = f"/c/{head['conversation']}/turns/{head['turn']}/stop"
                assert other_tab.http.post(stop, headers={"Accept": "application/json"}).status_code == 202

    assert found[-1].data["state"] == "stopped"
    turn = Turn.objects.get()
    assert turn.messages.get(role="assistant").content == get_streamed_text(found)
    usage = UsageEvent.objects.get()
    assert usage.outcome == "stopped"
    assert 0 < usage.output_tokens < 500
    assert model_server.wait_until(lambda state: state.open_streams == 0)


def test_a_double_click_is_one_turn(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "held:6")),
        UserFactory.create(display_name="Reader"),
    )
    results: list[list[Event]] = []
    address, key = f"/g/{gpt.slug}/chat/turns", uuid4().hex

    def click(browser: WebClient) -> None:
        results.append(browser.say(address, "Once", key))

    first = threading.Thread(target=click, args=(make_web_client(reader),))
    first.start()
    assert wait_for(Turn.objects.exists)
    with make_web_client(reader).ask(address, "Once", key) as response:
        events = read_events(response)
        second = [next(events)]
        model_server.release()
        second += events
    first.join()

    assert Turn.objects.count() == Conversation.objects.count() == UsageEvent.objects.count() == 1
    assert get_streamed_text(results[0]) == get_streamed_text(second) == "".join(WORDS[:6])
    assert len(model_server.state.requests) == 1


def test_a_second_message_while_one_runs_is_a_conflict(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "held:40")),
        UserFactory.create(display_name="Reader"),
    )
    browser, other_tab = make_web_client(reader), make_web_client(reader)

    with browser.ask(f"/g/{gpt.slug}/chat/turns", "Long") as response:
        stream = read_events(response)
        head = next(stream).data
        assert other_tab.refused(f"/c/{head['conversation']}/turns", "Me too") == (409, "turn_running")
        model_server.release()
        list(stream)

    assert Turn.objects.count() == 1
    assert len(model_server.state.requests) == 1


def test_too_many_running_turns_are_refused_before_the_call(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:3")),
        UserFactory.create(display_name="Reader"),
    )
    now = timezone.now()
    for _ in range(3):
        conversation = Conversation.objects.create(
            user=reader, workspace=gpt.workspace, gpt=gpt, created_at=now, updated_at=now
        )
        Turn.objects.create(
            conversation=conversation,
            user=reader,
            workspace=gpt.workspace,
            gpt=gpt,
            position=1,
            started_at=now,
        )

    assert make_web_client(reader).refused(f"/g/{gpt.slug}/chat/turns", "Four") == (429, "turns_running")

    assert model_server.state.requests == []
    assert Conversation.objects.count() == 3


def test_too_many_messages_a_minute_are_refused(
    transactional_db: None, settings: Any, model_server: ModelServer
) -> None:
    settings.CHAT_TURNS_PER_MINUTE = 2

    assert [check_message(7, key, count_recent=int) for key in ("a", "a")] == [False, True]
    with pytest.raises(RateLimited) as refused:
        check_message(7, "b", count_recent=int)

    assert refused.value.code == "chat_rate"
    assert 0 < refused.value.data["retry_after"] <= 60
    assert check_message(8, "b", count_recent=int) is False


def test_without_redis_the_messages_of_a_minute_are_counted_in_the_database(
    make_web_client: MakeWebClient, model_server: ModelServer, settings: Any
) -> None:
    """A limit that cannot be read where it is usually kept still holds; a key counts as seen before."""
    settings.CHAT_TURNS_PER_MINUTE = 2
    reader = UserFactory.create(display_name="Reader")
    gpt = create_public_gpt(configure_model(model_server.url, "normal:5"))
    make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "One")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    get_sync_redis.cache_clear()
    requester = Requester(reader, scope_for(reader), "web", None, "en")

    try:
        assert check_message(reader.pk, "k", count_recent=int) is True
        begin_first_turn(requester, gpt.slug, "Two", "", is_draft=False)
        with pytest.raises(RateLimited) as refused:
            begin_first_turn(requester, gpt.slug, "Three", "", is_draft=False)
    finally:
        get_sync_redis.cache_clear()

    assert refused.value.code == "chat_rate"
    assert Turn.objects.count() == 2


def test_two_clicks_at_the_same_instant_are_one_conversation(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:5")),
        UserFactory.create(display_name="Reader"),
    )
    browsers, key, results = [make_web_client(reader) for _ in range(4)], uuid4().hex, []
    at_once = threading.Barrier(4)

    def click(browser: WebClient) -> None:
        at_once.wait()
        results.append(browser.say(f"/g/{gpt.slug}/chat/turns", "Once", key)[-1].data["turn"])

    threads = [threading.Thread(target=click, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(results)) == 1
    assert len(results) == 4
    assert Conversation.objects.count() == UsageEvent.objects.count() == 1


@pytest.mark.parametrize("path", ["/c/{c}/turns", "/c/{c}/turns/{t}/retry", "/c/{c}/turns/{t}/edit"])
def test_a_foreign_conversation_is_not_there(
    make_web_client: MakeWebClient, model_server: ModelServer, path: str
) -> None:
    gpt, reader, stranger = (
        create_public_gpt(configure_model(model_server.url, "normal:3")),
        UserFactory.create(display_name="Reader"),
        UserFactory.create(display_name="Stranger"),
    )
    head = make_web_client(reader).say(f"/g/{gpt.slug}/chat/turns", "Mine")[0].data
    thief = make_web_client(stranger)
    own = thief.say(f"/g/{gpt.slug}/chat/turns", "Theirs")[0].data
    calls, turns = len(model_server.state.requests), Turn.objects.count()

    url = path.format(c=head["conversation"], t=head["turn"])
    assert thief.refused(url, "Give me")[0] == 404
    mixed = path.format(c=own["conversation"], t=head["turn"])
    if "{t}" in path:
        assert thief.refused(mixed, "Give me")[0] == 404
    for page in (f"/c/{head['conversation']}", f"/c/{head['conversation']}/turns/{head['turn']}/events"):
        assert thief.http.get(page).status_code == 404
    for act in ("rename", "delete", "restore", f"turns/{head['turn']}/stop"):
        assert thief.http.post(f"/c/{head['conversation']}/{act}", data={"title": "x"}).status_code == 404

    assert (len(model_server.state.requests), Turn.objects.count()) == (calls, turns)
    assert Conversation.objects.get(pk=head["conversation"]).title == "Mine"


def test_a_private_gpt_does_not_answer_strangers(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:

    gpt = GPTFactory.create(language_model=configure_model(model_server.url, "normal:3"))

    assert (
        make_web_client(UserFactory.create(display_name="Stranger")).refused(
            f"/g/{gpt.slug}/chat/turns", "Hi"
        )[0]
        == 404
    )
    assert make_web_client(None).refused(f"/g/{gpt.slug}/chat/turns", "Hi") == (403, "signed_out")

    assert model_server.state.requests == []
    assert Conversation.objects.count() == 0


def test_many_streams_stay_apart(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt = create_public_gpt(configure_model(model_server.url, "echo:20:100"))
    readers = [UserFactory.create(display_name=f"Reader {n}") for n in range(6)]
    browsers = [make_web_client(reader) for reader in readers]
    answers: dict[int, str] = {}

    def chat(number: int) -> None:
        text = f"only reader {number} may see {number}"
        answers[number] = get_streamed_text(browsers[number].say(f"/g/{gpt.slug}/chat/turns", text))

    threads = [threading.Thread(target=chat, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {n: f"only reader {n} may see {n} " for n in range(6)}


def test_a_turn_whose_process_died_is_interrupted_with_its_text(db: None) -> None:
    gpt, reader = create_public_gpt(), UserFactory.create(display_name="Reader")
    began = timezone.now() - timedelta(minutes=2)
    conversation = Conversation.objects.create(
        user=reader, workspace=gpt.workspace, gpt=gpt, created_at=began, updated_at=began
    )
    turn = Turn.objects.create(
        id=uuid7(began),
        conversation=conversation,
        user=reader,
        workspace=gpt.workspace,
        gpt=gpt,
        position=1,
        started_at=began,
    )
    get_sync_redis().xadd(build_events_key(turn.pk), {"text": "Half an "})
    get_sync_redis().xadd(build_events_key(turn.pk), {"text": "answer"})

    assert reap_lost_turns() == 1
    assert reap_lost_turns() == 0

    turn.refresh_from_db()
    assert (turn.state, turn.error_code) == (TurnState.INTERRUPTED, "interrupted")
    assert turn.messages.get(role="assistant").content == "Half an answer"
    assert UsageEvent.objects.count() == 0


def test_a_turn_that_lives_elsewhere_is_left_alone(db: None) -> None:
    gpt, reader = create_public_gpt(), UserFactory.create(display_name="Reader")
    began = timezone.now() - timedelta(minutes=2)
    conversation = Conversation.objects.create(
        user=reader, workspace=gpt.workspace, gpt=gpt, created_at=began, updated_at=began
    )
    turn = Turn.objects.create(
        id=uuid7(began),
        conversation=conversation,
        user=reader,
        workspace=gpt.workspace,
        gpt=gpt,
        position=1,
        started_at=began,
    )
    get_sync_redis().set(f"turn:running:{turn.pk}", "1", ex=20)

    assert reap_lost_turns() == 0

    turn.refresh_from_db()
    assert turn.state == TurnState.RUNNING


def test_without_javascript_a_post_leads_to_the_page(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "normal:5:20")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)

    response = browser.http.post(f"/g/{gpt.slug}/chat/turns", data={"text": "Plain"})

    assert response.status_code == 302
    page = browser.http.get(response.headers["location"])
    assert "Plain" in page.text
    assert wait_for(lambda: Turn.objects.get().state == TurnState.FINISHED)
    assert "arch light" in browser.http.get(response.headers["location"]).text


def test_a_refused_message_stays_in_the_composer(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url)),
        UserFactory.create(display_name="Reader"),
    )

    response = make_web_client(reader).http.post(f"/g/{gpt.slug}/chat/turns", data={"text": "x" * 32_001})

    assert response.status_code == 400
    assert "x" * 32_001 in response.text
    assert "too long" in response.text
    assert Conversation.objects.count() == 0
    assert model_server.state.requests == []


def test_hostile_output_is_inert(make_web_client: MakeWebClient, model_server: ModelServer) -> None:
    gpt, reader = (
        create_public_gpt(configure_model(model_server.url, "echo")),
        UserFactory.create(display_name="Reader"),
    )
    browser = make_web_client(reader)

    found = browser.say(
        f"/g/{gpt.slug}/chat/turns", "<img src=x onerror=alert(1)> ![a](https://evil.example/p)"
    )

    assert "<img" not in found[-1].data["html"]
    page = browser.http.get(f"/c/{found[0].data['conversation']}").text
    assert "<img src=x" not in page
    assert '<img src="https://evil' not in page


def test_the_prompt_of_a_preview_is_shown_once_and_not_kept(
    make_web_client: MakeWebClient, model_server: ModelServer
) -> None:
    gpt = GPTFactory.create(
        language_model=configure_model(model_server.url, "normal:5"), instructions="Say zibelquorvex."
    )

    found = make_web_client(gpt.owner).say(f"/g/{gpt.slug}/chat/turns?draft=1", "Hello there")

    shown = next(event.data for event in found if event.name == "debug")
    kept = Turn.objects.get().debug
    assert kept is not None
    assert "zibelquorvex" in shown["prompt"][0]["content"]
    assert [part["role"] for part in kept["prompt"]] == [part["role"] for part in shown["prompt"]]
    assert "zibelquorvex" not in str(kept)
    assert kept["tokens"] == shown["tokens"]


@pytest.mark.django_db(transaction=True)
def test_without_files_a_message_starts_in_one_transaction_and_asks_for_no_embeddings_model() -> None:
    """The first word waits for these statements; the first of a transaction sets the scope."""
    reader = UserFactory.create(display_name="Reader")
    gpt = create_public_gpt(configure_model("http://127.0.0.1:1", "never:1"))
    cache_user_roles(reader)  # as every request does
    requester = Requester(reader, scope_for(reader), "web", None, "en")

    with CaptureQueriesContext(connection) as queries:
        begin_first_turn(requester, gpt.slug, "Hello", uuid4().hex, is_draft=False)

    sent = [query["sql"] for query in queries]
    assert sum("set_config" in sql for sql in sent) == 1
    assert not [sql for sql in sent if "gpts_knowledgefile" in sql or "gpts_semanticsearch" in sql]
    assert len(sent) <= 12
