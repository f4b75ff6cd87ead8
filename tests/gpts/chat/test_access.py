"""Access to a turn: only within its conversation, and with the GPT that answered it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from core.errors import NotFound
from gpts.chat.access import access_turn
from gpts.chat.models import Turn
from tests.support.chat import create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory


@pytest.mark.django_db
def test_a_turn_is_found_in_its_conversation_with_the_gpt_that_answered() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader, turns=2)
    other = create_conversation(reader)
    own, mentioning = Turn.objects.filter(conversation=conversation).order_by("position")
    mentioned = create_public_gpt(name="Mentioned")
    Turn.objects.filter(pk=mentioning.pk).update(gpt=mentioned)

    assert access_turn(conversation, own.pk).gpt is conversation.gpt
    found = access_turn(conversation, mentioning.pk)
    assert (found, found.gpt) == (mentioning, mentioned)
    assert found.conversation is conversation
    for identifier in (Turn.objects.get(conversation=other).pk, uuid4()):
        with pytest.raises(NotFound) as refused:
            access_turn(conversation, identifier)
        assert refused.value.code == "turn_not_found"
