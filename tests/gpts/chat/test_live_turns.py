"""The one way in which answers run: events, stop, lost access, failures, heartbeat and mirror in Redis."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from gpts.assistants.rules import GPTAct
from gpts.chat.services.rechecks import RunningAnswer
from gpts.chat.streaming.chat_turn import ChatTurn
from gpts.chat.streaming.connection import (
    ask_to_stop,
    build_events_key,
    build_stop_key,
    find_alive_turns,
    get_sync_redis,
)
from gpts.chat.streaming.frames import build_frame
from gpts.chat.streaming.hub import run_turn_to_end
from gpts.chat.streaming.job import TurnJob, TurnOutcome, TurnSink, run_fixed_answer
from gpts.chat.streaming.live import LiveTurn
from gpts.chat.streaming.mirror import read_text
from gpts.evals.services.prompt_turn import PromptTurn
from gpts.llm.runtime.types import (
    Failed,
    FailureCode,
    Finished,
    ModelAPI,
    ModelFailure,
    ModelSpec,
    TextDelta,
    ToolProposed,
    TurnEvent,
    TurnInput,
    Usage,
)
from gpts.studio.create.answer import CreateAnswer

ROOT = Path(__file__).parents[3]
Events = Callable[[TurnSink], AsyncGenerator[TurnEvent, None]]
END = build_frame("end", {})


class StoryTurn(TurnJob):
    """A job whose events a test writes; keeps the outcome."""

    outcome: TurnOutcome

    def __init__(self, events: Events, *, is_recorded: bool = True) -> None:
        turn_id = uuid4()
        access = RunningAnswer(turn_id, user_id=1, gpt_id=1, act=GPTAct.CHAT, workspace_ids=(), payer_id=1)
        given = TurnInput(ModelSpec("offline", ModelAPI.OFFLINE), text="Hello", gpt_name="Teller")
        super().__init__(turn_id=turn_id, given=given, access=access)
        self.events, self.is_recorded = events, is_recorded

    def run_events(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        return self.events(sink)

    def handle_event(self, event: TurnEvent, sink: TurnSink) -> None:
        if isinstance(event, ToolProposed):
            sink.send("working", {"function": event.name})

    async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        self.outcome = outcome
        if not self.is_recorded:
            raise RuntimeError("the database is gone")
        return END


async def tell_and_use_a_tool(sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
    yield TextDelta("Once\x00 ")
    yield ToolProposed("1", "dice", "{}")
    yield TextDelta("upon a time")
    yield Finished(Usage(3, 4))


async def tell_for_ever(sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
    while True:
        yield TextDelta("again ")
        await asyncio.sleep(0.02)


async def read_all(live: LiveTurn, offset: int = 0) -> list[bytes]:
    return [part async for part in live.follow(offset)]


def test_chat_create_and_golden_prompts_run_through_the_same_class() -> None:
    assert {ChatTurn, CreateAnswer, PromptTurn} <= set(TurnJob.__subclasses__())
    callers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "gpts").rglob("*.py")
        if re.search(r"(?<!def )\brun_turn\(", path.read_text())
    }
    assert callers == {"gpts/chat/streaming/job.py"}
    readers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "gpts").rglob("*.py")
        if ".run_events(" in path.read_text().replace("super().run_events(", "")
    }
    # The second one reads the answer of a golden prompt inside the requester's transaction, for the demo.
    assert readers == {"gpts/chat/streaming/live.py", "gpts/evals/services/prompt_turn.py"}


@pytest.mark.anyio
async def test_readers_get_text_and_events_in_order_and_late_ones_the_rest() -> None:
    job = StoryTurn(tell_and_use_a_tool)
    live = LiveTurn(job)
    reading = asyncio.create_task(read_all(live))
    await asyncio.sleep(0)

    assert await live.run() == END

    working = build_frame("working", {"function": "dice"})
    heard = await reading
    assert b"".join(heard).count(b"event: delta") >= 1
    assert heard[-1] == END
    assert working in heard
    assert live.text == "Once upon a time"
    late = await read_all(live, len("Once upon "))
    assert late == [b'id: 16\nevent: delta\ndata: {"text": "a time"}\n\n', working, END]
    assert (job.outcome.usage, job.outcome.failure, job.outcome.is_stopped) == (Usage(3, 4), None, False)
    assert job.get_usage(job.outcome) == Usage(3, 4)


@pytest.mark.anyio
async def test_a_stopped_turn_keeps_its_text_and_estimates_its_tokens() -> None:
    job = StoryTurn(tell_for_ever)
    live = LiveTurn(job)
    running = asyncio.create_task(live.run())
    while len(live.text) < 10:
        await asyncio.sleep(0.01)

    live.stop()
    await running
    live.stop()

    assert (job.outcome.is_stopped, job.outcome.failure, job.outcome.usage) == (True, None, None)
    assert job.outcome.text == live.text
    usage = job.get_usage(job.outcome)
    assert (usage.is_estimated, usage.output_tokens > 0) == (True, True)


@pytest.mark.anyio
async def test_a_person_who_lost_access_ends_the_turn_as_a_failure() -> None:
    job = StoryTurn(tell_for_ever)
    live = LiveTurn(job)
    running = asyncio.create_task(live.run())
    await asyncio.sleep(0.05)

    live.cut_off()
    await running

    assert job.outcome.failure is not None
    assert (job.outcome.failure.code, job.outcome.is_stopped) == (FailureCode.ACCESS_ENDED, False)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelFailure(FailureCode.PROVIDER_SLOW), FailureCode.PROVIDER_SLOW),
        (RuntimeError("a bug"), FailureCode.MALFORMED_STREAM),
    ],
)
async def test_errors_of_a_job_are_failures_of_its_turn(error: Exception, code: FailureCode) -> None:
    async def break_off(sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        yield TextDelta("Half")
        raise error

    job = StoryTurn(break_off)
    await LiveTurn(job).run()

    assert job.outcome.failure is not None
    assert (job.outcome.text, job.outcome.failure.code) == ("Half", code)


@pytest.mark.anyio
async def test_a_failed_event_is_the_turns_failure() -> None:
    failure = ModelFailure(FailureCode.BAD_KEY)

    async def fail(sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        yield Failed(failure)

    job = StoryTurn(fail)
    await LiveTurn(job).run()

    assert job.outcome.failure is failure


@pytest.mark.anyio
async def test_readers_are_let_go_when_the_end_cannot_be_recorded() -> None:
    live = LiveTurn(StoryTurn(lambda sink: run_fixed_answer("Fixed"), is_recorded=False))
    reading = asyncio.create_task(read_all(live))

    with pytest.raises(RuntimeError):
        await live.run()

    heard = await reading
    assert heard[0].endswith(b'data: {"text": "Fixed"}\n\n')
    assert heard[-1] == live.last
    assert b'"state": "interrupted"' in live.last


@pytest.mark.anyio
async def test_an_end_that_cannot_be_recorded_is_recorded_as_a_failure_with_the_text() -> None:
    class Stubborn(StoryTurn):
        async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
            self.outcome = outcome
            if outcome.failure is None:
                raise OverflowError("integer out of range")
            return END

    job = Stubborn(tell_and_use_a_tool)
    live = LiveTurn(job)
    reading = asyncio.create_task(read_all(live))

    with pytest.raises(OverflowError):
        await live.run()

    assert (await reading)[-1] == END
    assert job.outcome.failure is not None
    assert (job.outcome.failure.detail, job.outcome.text) == ("not_recorded", "Once upon a time")


def test_a_turn_run_to_its_end_has_a_heartbeat_a_mirror_and_can_be_stopped(db: None) -> None:
    job = StoryTurn(tell_for_ever)
    worker = threading.Thread(target=run_turn_to_end, args=(job,))
    worker.start()
    try:
        for _attempt in range(1_200):
            if read_text(job.id):
                break
            threading.Event().wait(0.05)
        is_alive = find_alive_turns([job.id, uuid4()]) == {job.id}
    finally:
        ask_to_stop(job.id)
        worker.join(60)

    assert is_alive
    assert not worker.is_alive()
    assert job.outcome.is_stopped
    assert read_text(job.id) == job.outcome.text
    (_id, last), *_rest = get_sync_redis().xrevrange(build_events_key(job.id), count=1)
    assert last == {"end": END.decode()}
    assert find_alive_turns([job.id]) == set()
    assert not get_sync_redis().exists(build_stop_key(job.id))
