"""GPTs, listings and finished turns for tests of the store, made by the real services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from core.ids import uuid7
from gpts.assistants.models import GPT, Version
from gpts.chat.models import Conversation, Turn
from gpts.llm.states import TurnState
from marketplace.models import Listing
from marketplace.services.listings import publish_listing
from tests.support.factories.gpts import GPTFactory, VersionFactory
from workspaces.access import personal_workspace
from workspaces.models import User

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def make_gpt(**fields: Any) -> GPT:
    """Make a GPT with instructions that no page of the store may show."""
    fields = {
        "description": "Reads your draft and asks what you mean. Works for school and for work.",
        "instructions": "Secret instructions of the coach.",
    } | fields
    return GPTFactory.create(**fields)


def make_version(gpt: GPT, notes: str = "", at: datetime = NOW) -> Version:
    return VersionFactory.create(gpt=gpt, release_notes=notes, at=at)


def make_listing(at: datetime = NOW, **draft: Any) -> Listing:
    gpt = make_gpt(**draft)
    return publish_listing(gpt=gpt, version=make_version(gpt, at=at), by=None, at=at)


def make_finished_turn(user: User, listing: Listing, **fields: Any) -> Turn:
    """Make a finished turn of ``user`` with the listed version."""
    workspace = personal_workspace(user)
    conversation = Conversation.objects.create(
        user=user,
        workspace=workspace,
        gpt_id=listing.gpt_id,
        version_id=fields.pop("version_id", listing.version_id),
        created_at=NOW,
        updated_at=NOW,
    )
    state = fields.pop("state", TurnState.FINISHED)
    return Turn.objects.create(
        id=uuid7(NOW),
        conversation=conversation,
        user=user,
        workspace=workspace,
        gpt_id=listing.gpt_id,
        version_id=conversation.version_id,
        position=1,
        state=state,
        started_at=NOW,
        ended_at=NOW,
        **fields,
    )
