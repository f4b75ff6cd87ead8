"""Usage events as the chat writes them."""
# mypy: disable-error-code="no-untyped-call"
# (the declarations of factory_boy have no annotations)

from __future__ import annotations

from typing import Any

from factory.declarations import LazyAttribute
from factory.django import DjangoModelFactory

from core.ids import uuid7, uuid7_time
from gpts.assistants.models import GPT
from gpts.metering.models import UsageEvent
from tests.support.times import MARCH
from workspaces.models import User


class UsageEventFactory(DjangoModelFactory[UsageEvent]):
    """One metered answer of ``gpt`` to ``user`` at ``at``, as the chat writes it."""

    class Meta:
        model = UsageEvent

    class Params:
        gpt: GPT | None = None  # required
        user: User | None = None  # required
        at = MARCH

    event_id = LazyAttribute(lambda event: uuid7(event.at))
    workspace_id = LazyAttribute(lambda event: event.user.personal_workspace.pk)
    user_id = LazyAttribute(lambda event: event.user.pk)
    gpt_id = LazyAttribute(lambda event: event.gpt.pk)
    gpt_workspace_id = LazyAttribute(lambda event: event.gpt.workspace_id)
    # None: a preview of the draft.
    version_id: int | None = 1
    payee_id = LazyAttribute(lambda event: event.gpt.owner_id)
    conversation_id = LazyAttribute(lambda event: uuid7(event.at))
    occurred_at = LazyAttribute(lambda event: uuid7_time(event.event_id))
    received_at = LazyAttribute(lambda event: event.occurred_at)
    input_tokens = 40
    output_tokens = 100
    cost_micros = 0
    model_name = "offline"
    price_version = ""
    is_paid_user = True
    outcome = "finished"
    source = "web"
    payload_hash = "0" * 64

    @classmethod
    def _create(cls, model_class: type[UsageEvent], *args: Any, **fields: Any) -> UsageEvent:
        event = model_class(**fields)
        event.save(force_insert=True)
        return event
