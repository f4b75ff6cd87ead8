"""Appends one usage event for each answer that the provider was paid for, and calculates its cost."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.ids import uuid7_time
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import get_payee_id
from gpts.llm.models import LanguageModel
from gpts.llm.states import METERED_TURN_STATES
from gpts.metering.models import UsageEvent

TOKENS_PER_PRICE = 1_000_000
# There are no paid plans, so everybody with an account counts as a paying user for rate cards.
EVERYBODY_IS_PAID = True


class MeteredTurn(Protocol):
    """The fields of an ended turn that a usage event needs; the time in ``pk``, a UUIDv7, is the turn's."""

    @property
    def pk(self) -> UUID: ...
    @property
    def gpt(self) -> GPT: ...
    @property
    def workspace_id(self) -> int: ...
    @property
    def user_id(self) -> int: ...
    @property
    def version_id(self) -> int | None: ...
    @property
    def conversation_id(self) -> UUID: ...
    @property
    def state(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cost_micros(self) -> int: ...
    @property
    def model_name(self) -> str: ...
    @property
    def is_regeneration(self) -> bool: ...


def calculate_cost_micros(model: LanguageModel | None, *, input_tokens: int, output_tokens: int) -> int:
    """Return the price of a call in micro-units, rounded half up; 0 without a model."""
    if model is None:
        return 0
    exact = input_tokens * model.input_price_micros + output_tokens * model.output_price_micros
    return (exact + TOKENS_PER_PRICE // 2) // TOKENS_PER_PRICE


def record_usage(
    *, turn: MeteredTurn, model: LanguageModel | None, at: datetime, is_estimated: bool = False
) -> UsageEvent:
    """Append the event of an ended turn. Its id is the turn's, so the database refuses a second one.

    The payee is the GPT's owner while a member of its workspace, else an owner of the workspace. Call it in
    the transaction that ends the turn. Raises ValueError for a failed turn, which is not metered.
    """
    if turn.state not in METERED_TURN_STATES:
        raise ValueError(f"A {turn.state} turn is not metered.")
    gpt = turn.gpt
    event = UsageEvent(
        event_id=turn.pk,
        workspace_id=turn.workspace_id,
        user_id=turn.user_id,
        gpt_id=gpt.pk,
        gpt_workspace_id=gpt.workspace_id,
        version_id=turn.version_id,
        payee_id=get_payee_id(gpt),
        conversation_id=turn.conversation_id,
        occurred_at=uuid7_time(turn.pk),
        received_at=at,
        input_tokens=turn.input_tokens,
        output_tokens=turn.output_tokens,
        cost_micros=turn.cost_micros,
        is_estimated=is_estimated,
        provider_workspace_id=None if model is None else model.provider.workspace_id,
        model_name=turn.model_name,
        price_version=_get_price_version(model),
        is_paid_user=EVERYBODY_IS_PAID,
        is_regeneration=turn.is_regeneration,
        outcome=turn.state,
        source=turn.source,
    )
    event.payload_hash = hash_payload(event)
    event.save(force_insert=True)
    return event


def hash_payload(event: UsageEvent) -> str:
    """Return the SHA-256 of the event's content, to notice a repeated id with different content."""
    fields = {
        field.name: getattr(event, field.name)
        for field in event._meta.concrete_fields
        if field.name not in ("payload_hash", "received_at")
    }
    return hashlib.sha256(json.dumps(fields, default=str, sort_keys=True).encode()).hexdigest()


def _get_price_version(model: LanguageModel | None) -> str:
    if model is None:
        return ""
    return f"{model.pk}:{model.input_price_micros}:{model.output_price_micros}"[:40]
