"""Feedback: one for each turn, changed, removed, and only on one's own answers."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from core.errors import InvalidInput
from gpts.chat.models import Turn, TurnFeedback
from gpts.chat.services.feedback import give_feedback, remove_feedback
from gpts.chat.services.turns import fail_turn, start_turn
from tests.support.chat import create_conversation
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW

pytestmark = pytest.mark.django_db


def test_feedback_is_given_changed_and_removed() -> None:
    reader = UserFactory.create(display_name="Reader")
    turn = Turn.objects.get(conversation=create_conversation(reader))

    give_feedback(turn=turn, is_positive=False, reason="wrong", by=reader, at=NOW)
    give_feedback(turn=turn, is_positive=True, reason="style", by=reader, at=NOW)

    given = TurnFeedback.objects.get()
    assert (given.is_positive, given.reason, given.gpt_id) == (True, "", turn.gpt_id)
    remove_feedback(turn=turn)
    remove_feedback(turn=turn)
    assert not TurnFeedback.objects.exists()


def test_unknown_reasons_and_unanswered_turns_are_refused() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader)
    turn = Turn.objects.get(conversation=conversation)
    failed, _new = start_turn(conversation=conversation, text="Again", by=reader, at=NOW)

    with pytest.raises(InvalidInput):
        give_feedback(turn=turn, is_positive=False, reason="the builder's mother", by=reader, at=NOW)
    with pytest.raises(InvalidInput):
        give_feedback(turn=failed, is_positive=True, by=reader, at=NOW)
    fail_turn(turn_id=failed.pk, code="provider_down", text="", at=NOW)
    failed.refresh_from_db()
    with pytest.raises(InvalidInput):
        give_feedback(turn=failed, is_positive=True, by=reader, at=NOW)
    assert not TurnFeedback.objects.exists()


def test_the_page_offers_reasons_after_a_thumb_down_and_says_who_sees_it() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader)
    turn = Turn.objects.get(conversation=conversation)
    client, path = sign_in(reader), f"/c/{conversation.pk}/turns/{turn.pk}/feedback"

    first = client.post(path, {"thumb": "down"}, headers={"X-Fragment": "feedback"}).content.decode()
    second = client.post(path, {"thumb": "down", "reason": "no_source"})
    page = client.get(f"/c/{conversation.pk}").content.decode()

    assert "What was wrong with it?" in first
    assert "The creator sees counts only, never your chat." in first
    assert second["Location"] == f"/c/{conversation.pk}#turn-{turn.pk}"
    assert TurnFeedback.objects.get().reason == "no_source"
    thumbs = page[page.index("data-chat-feedback") : page.index("The creator sees counts only")]
    assert thumbs.count('aria-pressed="true"') == 2
    assert client.post(path, {"thumb": "none"}).status_code == 302
    assert not TurnFeedback.objects.exists()


def test_nobody_rates_another_persons_answer() -> None:
    owner, stranger = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Stranger")
    conversation = create_conversation(owner)
    own = create_conversation(stranger)
    turn = Turn.objects.get(conversation=conversation)

    client = sign_in(stranger)
    for path in (f"/c/{conversation.pk}/turns/{turn.pk}/feedback", f"/c/{own.pk}/turns/{turn.pk}/feedback"):
        assert client.post(path, {"thumb": "up"}).status_code == 404
    assert not TurnFeedback.objects.exists()


def test_one_feedback_for_each_turn_is_a_constraint() -> None:
    reader = UserFactory.create(display_name="Reader")
    turn = Turn.objects.get(conversation=create_conversation(reader))
    given = give_feedback(turn=turn, is_positive=True, by=reader, at=NOW)
    given.pk = None
    given._state.adding = True

    with pytest.raises(IntegrityError), transaction.atomic():
        given.save(force_insert=True)
