"""Running a turn against a model server and collecting its events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.outbound_purposes import Purpose
from gpts.llm.runtime.clients import build_client
from gpts.llm.runtime.openai_clients import close_clients
from gpts.llm.runtime.turns import run_turn
from gpts.llm.runtime.types import (
    ModelAPI,
    ModelSpec,
    TextDelta,
    TurnEvent,
    TurnInput,
)
from tests.fakes.openai_server import KEY, ModelServer


def create_spec(server: ModelServer, model: str, api: ModelAPI, **changes: Any) -> ModelSpec:
    spec = ModelSpec(name=model, api=api, base_url=server.url, api_key=KEY, purpose=Purpose.INSTANCE_PROVIDER)
    return replace(spec, **changes)


async def collect_events(spec: ModelSpec, **turn: Any) -> list[TurnEvent]:
    given = {"text": "Hello", "gpt_name": "Guide", "instructions": "Be brief.", **turn}
    try:
        return [event async for event in run_turn(TurnInput(spec=spec, **given), build_client(spec))]
    finally:
        await close_clients()


def join_text(events: list[TurnEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
