"""Factories of the rows behind earnings: users, GPTs and usage events."""
# mypy: disable-error-code="no-untyped-call"
# (the declarations of factory_boy have no annotations)

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from factory.base import Factory
from factory.declarations import LazyAttribute, LazyAttributeSequence, Sequence, SubFactory
from factory.django import DjangoModelFactory

from core.ids import uuid7, uuid7_time
from gpts.assistants.models import GPT
from gpts.metering.models import UsageEvent
from workspaces.models import User
from workspaces.services.staff import grant_staff_role
from workspaces.services.users import create_user

MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


class UserFactory(Factory[User]):
    """A user with a verified address, PASSWORD and a personal workspace, made by the service."""

    class Meta:
        model = User

    display_name = "Someone"
    email = LazyAttributeSequence(
        lambda user, number: f"{user.display_name.lower().replace(' ', '-')}-{number}@example.test"
    )
    password = PASSWORD
    is_email_verified = True
    at = MARCH - timedelta(days=60)

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        return create_user(**fields)


class FinanceUserFactory(UserFactory):
    """A user with the staff role finance."""

    display_name = "Fina"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **fields: Any) -> User:
        user = create_user(**fields)
        grant_staff_role(user=user, role="finance", by=None, at=MARCH)
        return user


class GPTFactory(DjangoModelFactory[GPT]):
    """A GPT in its owner's personal workspace."""

    class Meta:
        model = GPT

    owner = SubFactory(UserFactory)
    workspace = LazyAttribute(lambda gpt: gpt.owner.personal_workspace)
    slug = Sequence(lambda number: f"gpt-{number}")
    name = "Trip Planner"
    category = "lifestyle"
    created_at = MARCH
    updated_at = MARCH


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
    version_id: int | None = None
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
