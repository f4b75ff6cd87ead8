"""Access to one's own Create conversation."""

from __future__ import annotations

import pytest

from core.errors import NotFound
from core.ids import uuid7
from gpts.studio.access import access_create_change, access_create_message
from tests.support.factories.gpts import GPTFactory
from tests.support.times import NOW

pytestmark = pytest.mark.django_db


def test_unknown_messages_and_changes_are_not_found() -> None:
    gpt = GPTFactory.create()

    with pytest.raises(NotFound) as message:
        access_create_message(gpt.owner, gpt, uuid7(NOW))
    with pytest.raises(NotFound) as change:
        access_create_change(gpt.owner, gpt, 2**63)

    assert (message.value.code, change.value.code) == ("message_not_found", "change_not_found")
