"""Access to one's own Create conversation."""

from __future__ import annotations

import pytest

from core.errors import NotFound
from core.ids import uuid7
from gpts.studio.access import access_create_change, access_create_message
from gpts.studio.models import BuilderMessage
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW

pytestmark = pytest.mark.django_db


def test_a_message_is_found_by_its_person_alone_until_it_is_reset() -> None:
    gpt, other = GPTFactory.create(), UserFactory.create()
    message = BuilderMessage.objects.create(
        user=gpt.owner, workspace_id=gpt.workspace_id, gpt=gpt, role="user", content="Make it kinder",
        created_at=NOW,
    )  # fmt: skip

    assert access_create_message(gpt.owner, gpt, message.pk) == message
    for person, named in ((other, gpt), (gpt.owner, GPTFactory.create())):
        with pytest.raises(NotFound):
            access_create_message(person, named, message.pk)
    BuilderMessage.objects.update(cleared_at=NOW)
    with pytest.raises(NotFound):
        access_create_message(gpt.owner, gpt, message.pk)


def test_unknown_messages_and_changes_are_not_found() -> None:
    gpt = GPTFactory.create()

    with pytest.raises(NotFound) as message:
        access_create_message(gpt.owner, gpt, uuid7(NOW))
    with pytest.raises(NotFound) as change:
        access_create_change(gpt.owner, gpt, 2**63)

    assert (message.value.code, change.value.code) == ("message_not_found", "change_not_found")
