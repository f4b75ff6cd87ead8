"""The offline model: quotes with citations, or says what it is, in the language of the question."""

from __future__ import annotations

import asyncio
from typing import Any

from gpts.llm.runtime.offline import OfflineClient
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    Finished,
    ModelAPI,
    ModelSpec,
    PassageQuote,
    TextDelta,
    TurnEvent,
    TurnInput,
)

SPEC = ModelSpec("offline", ModelAPI.OFFLINE)


def answer(text: str, **changes: Any) -> tuple[str, list[TurnEvent]]:
    values: dict[str, Any] = {
        "spec": SPEC,
        "text": text,
        "gpt_name": "Trail guide",
        "gpt_description": "Plans walks in the Alps.",
        "instructions": "CANARY-INSTRUCTIONS",
        **changes,
    }
    turn = TurnInput(**values)

    async def run() -> list[TurnEvent]:
        return [event async for event in run_turn(turn, OfflineClient(pause_seconds=0))]

    events = asyncio.run(run())
    return "".join(event.text for event in events if isinstance(event, TextDelta)), events


def test_quotes_the_best_passages_with_citations() -> None:
    passages = tuple(PassageQuote(f"Guide {n}", f"Path number {n} is open.", f"p. {n}") for n in range(1, 6))

    text, events = answer("Which path is open?", passages=passages)

    assert "> Path number 1 is open.\n\n[1] Guide 1 · p. 1" in text
    assert "[3]" in text
    assert "[4]" not in text
    assert "offline model" in text
    assert isinstance(events[-1], Finished)
    assert events[-1].usage.is_estimated
    assert len(events) > 20


def test_without_passages_says_what_it_is_and_what_the_gpt_is_for() -> None:
    text, _ = answer("Where should I walk?")

    assert "built-in offline model, not a language model" in text
    assert "No model provider is configured" in text
    assert "Trail guide is for: Plans walks in the Alps." in text
    assert "CANARY" not in text


def test_answers_chinese_in_chinese() -> None:
    text, _ = answer("我该去哪里徒步？", gpt_name="徒步向导", gpt_description="规划阿尔卑斯山的徒步路线。")

    assert "内置的离线模型" in text
    assert "“徒步向导”的用途：规划阿尔卑斯山的徒步路线。" in text
    assert "offline" not in text


def test_long_passages_are_cut_at_a_sentence() -> None:
    text, _ = answer("Tell me", passages=(PassageQuote("Doc", "This is one sentence. " * 100),))

    quote = next(line for line in text.splitlines() if line.startswith("> "))
    assert quote.endswith("sentence.")
    assert len(quote) <= 602


def test_a_quoted_passage_stays_a_quote_on_every_line() -> None:
    text, _ = answer("Tell me", passages=(PassageQuote("Doc", "first\n\n# second"),))

    assert "> first\n> \n> # second" in text
