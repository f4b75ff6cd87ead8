"""The copy of a running answer in Redis: whole, in order and once, whatever is on its way when it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio.client import Pipeline

from gpts.assistants.rules import GPTAct
from gpts.chat.services.rechecks import RunningAnswer
from gpts.chat.streaming import hub
from gpts.chat.streaming.connection import (
    build_events_key,
    close_async_redis,
    find_alive_turns,
    get_sync_redis,
)
from gpts.chat.streaming.frames import build_frame
from gpts.chat.streaming.hub import run_turn_to_end
from gpts.chat.streaming.job import TurnJob, TurnOutcome, TurnSink
from gpts.chat.streaming.mirror import Unseen, follow_from_redis, read_answer, read_text
from gpts.llm.runtime.types import (
    Finished,
    ModelAPI,
    ModelSpec,
    TextDelta,
    ToolProposed,
    TurnEvent,
    TurnInput,
    Usage,
)

END = build_frame("end", {})
WORDS = [f"{number} " for number in range(25)]


class Counting(TurnJob):
    """Says a number and names a tool every 20 ms; is over in half a second."""

    outcome: TurnOutcome

    def __init__(self) -> None:
        turn_id = uuid4()
        access = RunningAnswer(turn_id, user_id=1, gpt_id=1, act=GPTAct.CHAT, workspace_ids=(), payer_id=1)
        given = TurnInput(ModelSpec("offline", ModelAPI.OFFLINE), text="Count", gpt_name="Teller")
        super().__init__(turn_id=turn_id, given=given, access=access)

    async def run_events(self, sink: TurnSink) -> AsyncGenerator[TurnEvent, None]:
        for word in WORDS:
            yield TextDelta(word)
            yield ToolProposed(word, f"tool-{word.strip()}", "{}")
            await asyncio.sleep(0.02)
        yield Finished(Usage(3, 4))

    def handle_event(self, event: TurnEvent, sink: TurnSink) -> None:
        if isinstance(event, ToolProposed):
            sink.send("working", {"function": event.name})

    async def finish(self, outcome: TurnOutcome, sink: TurnSink) -> bytes:
        self.outcome = outcome
        return END


def read_rows(turn: UUID) -> list[dict[str, str]]:
    return [fields for _id, fields in get_sync_redis().xrange(build_events_key(turn))]


def run_in_a_thread(job: TurnJob) -> None:
    """The tests' own thread may have an event loop already, the browser tests'."""
    worker = threading.Thread(target=run_turn_to_end, args=(job,))
    worker.start()
    worker.join(60)
    assert not worker.is_alive()


async def read_mirror(turn: UUID, offset: int) -> str:
    try:
        return b"".join([part async for part in follow_from_redis(turn, offset)]).decode()
    finally:
        await close_async_redis()


def test_what_is_on_its_way_to_redis_when_the_answer_ends_is_added_once(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = Pipeline.execute

    async def execute_and_wait(pipe: Any, *args: Any, **options: Any) -> Any:
        done = await execute(pipe, *args, **options)
        await asyncio.sleep(0.3)
        return done

    monkeypatch.setattr(Pipeline, "execute", execute_and_wait)
    monkeypatch.setattr(hub, "MIRROR_SECONDS", 0.0)
    job = Counting()

    run_in_a_thread(job)

    rows = read_rows(job.id)
    assert "".join(row.get("text", "") for row in rows) == "".join(WORDS) == job.outcome.text
    assert sum("frame" in row for row in rows) == len(WORDS)
    assert [index for index, row in enumerate(rows) if "end" in row] == [len(rows) - 1]
    assert find_alive_turns([job.id]) == set()


def test_rows_that_the_client_sent_twice_are_read_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a reply that got lost: the commands were carried out, and the client sends them again."""
    execute = Pipeline.execute

    async def execute_twice(pipe: Any, *args: Any, **options: Any) -> Any:
        commands = list(pipe.command_stack)
        await execute(pipe, *args, **options)
        pipe.command_stack = commands
        return await execute(pipe, *args, **options)

    monkeypatch.setattr(Pipeline, "execute", execute_twice)
    monkeypatch.setattr(hub, "MIRROR_SECONDS", 0.1)
    job = Counting()

    run_in_a_thread(job)

    assert sum("frame" in row for row in read_rows(job.id)) == 2 * len(WORDS)
    whole = "".join(WORDS)
    assert read_text(job.id) == whole
    seen = asyncio.run(read_mirror(job.id, 0))
    assert seen.startswith(f"id: {len(whole)}\nevent: delta\n")
    assert [seen.count(f'"tool-{word.strip()}"') for word in WORDS] == [1] * len(WORDS)
    assert seen.endswith(END.decode())
    assert '"text": "24 "' in asyncio.run(read_mirror(job.id, len(whole) - 3))
    assert "event: delta" not in asyncio.run(read_mirror(job.id, len(whole)))


def test_a_row_that_overlaps_gives_its_new_part() -> None:
    unseen = Unseen()
    rows = [
        {"text": "Half an ", "at": "0"},
        {"text": "Half an answer", "at": "0"},
        {"text": "wer", "at": "11"},
    ]

    assert [unseen.take_text(row) for row in rows] == ["Half an ", "answer", ""]
    assert unseen.characters == len("Half an answer")


def test_thinking_that_came_twice_is_kept_once(db: None) -> None:
    turn = uuid4()
    frame = build_frame("thinking", {"text": "Tides first. ", "offset": 0}).decode()
    for _attempt in range(2):
        get_sync_redis().xadd(build_events_key(turn), {"text": "Answer", "at": 0})
        get_sync_redis().xadd(build_events_key(turn), {"frame": frame, "at": 0})

    assert read_answer(turn) == ("Answer", "Tides first.")
