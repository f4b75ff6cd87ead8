"""Chat pages: what they show, to whom, and with how many queries."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.ids import uuid7
from gpts.chat.models import Turn
from gpts.chat.services.turns import fail_turn, start_first_turn, start_turn
from tests.support.chat import _finish, create_conversation, create_public_gpt
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import personal_workspace

pytestmark = pytest.mark.django_db


def test_an_empty_chat_offers_starters_and_the_question_from_the_url() -> None:
    gpt = create_public_gpt(starters=["Begin here"])

    page = (
        sign_in(UserFactory.create(display_name="Reader"))
        .get(f"/g/{gpt.slug}/chat?text=From+the+store")
        .content.decode()
    )

    assert 'value="Begin here"' in page
    assert ">From the store</textarea>" in page
    assert "Essay coach" in page
    assert "Your conversations will stand here." in page


def test_visitors_sign_in_first() -> None:
    gpt = create_public_gpt()

    assert Client().get(f"/g/{gpt.slug}/chat").status_code == 302
    assert Client().get("/c/").status_code == 302
    assert Client().get(f"/c/{uuid4()}").status_code == 302


def test_a_conversation_shows_answers_sources_and_actions() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader, turns=2)

    page = sign_in(reader).get(f"/c/{conversation.pk}").content.decode()

    assert page.count("<strong>answer</strong>") == 2
    assert page.count('class="citation"') == 2
    assert "guide.pdf · Paths · page 2" in page
    assert page.count("data-chat-retry-form") == 2
    assert page.count("data-chat-last") == 1
    assert "<title>Question 1 · Essay coach · Loggia</title>" in page


def test_a_failed_turn_says_what_happened_and_offers_another_try() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader)
    turn, _new = start_turn(conversation=conversation, text="Again", by=reader, at=NOW)
    fail_turn(turn_id=turn.pk, code="rate_limited", text="Half", at=NOW, retry_after=7)

    page = sign_in(reader).get(f"/c/{conversation.pk}").content.decode()

    assert "The model is busy. Try again in 7 seconds." in page
    assert "Half" in page
    assert "Try again" in page


def test_hostile_titles_and_questions_are_escaped() -> None:
    reader = UserFactory.create(display_name="Reader")
    gpt = create_public_gpt(name="<b>Bold</b>")
    turn = start_first_turn(
        gpt=gpt,
        version=None,
        workspace=personal_workspace(reader),
        text="<script>alert(1)</script>",
        by=reader,
        at=NOW,
    )
    _finish(turn)

    page = sign_in(reader).get(f"/c/{turn.conversation_id}").content.decode()

    assert "<script>alert(1)" not in page
    assert "<b>Bold" not in page


def test_rename_delete_and_undo() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation, client = create_conversation(reader), sign_in(reader)

    client.post(f"/c/{conversation.pk}/rename", {"title": "  My   walk "})
    conversation.refresh_from_db()
    assert conversation.title == "My walk"
    assert client.post(f"/c/{conversation.pk}/rename", {"title": ""}).status_code == 400
    answer = client.post(f"/c/{conversation.pk}/delete")
    assert client.get(f"/c/{conversation.pk}").status_code == 404
    assert "Undo" in client.get(answer["Location"]).content.decode()
    client.post(f"/c/{conversation.pk}/restore")
    assert client.get(f"/c/{conversation.pk}").status_code == 200


@pytest.mark.parametrize("act", ["", "/rename", "/delete", "/restore"])
def test_another_persons_conversation_is_not_found(act: str) -> None:
    owner, stranger = UserFactory.create(display_name="Owner"), UserFactory.create(display_name="Stranger")
    conversation = create_conversation(owner)
    client = sign_in(stranger)

    answer = (
        client.post(f"/c/{conversation.pk}{act}", {"title": "x"})
        if act
        else client.get(f"/c/{conversation.pk}")
    )

    assert answer.status_code == 404
    conversation.refresh_from_db()
    assert (conversation.title, conversation.deleted_at) == ("Question 1", None)
    assert "Question 1" not in client.get("/c/").content.decode()


def test_only_who_may_view_the_settings_previews_a_draft() -> None:
    gpt = GPTFactory.create()

    assert sign_in(gpt.owner).get(f"/g/{gpt.slug}/chat?draft=1").status_code == 200
    assert (
        sign_in(UserFactory.create(display_name="Stranger")).get(f"/g/{gpt.slug}/chat?draft=1").status_code
        == 404
    )


@pytest.mark.parametrize("path", ["/c/", "/c/{id}"])
def test_queries_do_not_grow_with_the_rows(path: str) -> None:
    counts = []
    for rows in (1, 3):
        reader = UserFactory.create(display_name="Reader")
        conversations = [create_conversation(reader, turns=rows) for _ in range(rows)]
        client = sign_in(reader)
        url = path.format(id=conversations[0].pk)
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 18


def test_one_usage_event_for_each_turn_is_a_constraint() -> None:
    from django.db import IntegrityError, transaction

    from gpts.metering.services.usage import record_usage

    reader = UserFactory.create(display_name="Reader")
    turn = create_conversation(reader).turns.select_related("conversation", "gpt").get()

    with pytest.raises(IntegrityError), transaction.atomic():
        record_usage(turn=turn, model=None, at=NOW)


def test_one_running_turn_for_each_conversation_is_a_constraint() -> None:
    from django.db import IntegrityError, transaction

    reader = UserFactory.create(display_name="Reader")
    conversation = create_conversation(reader)
    fields = {
        "conversation": conversation,
        "user": reader,
        "workspace": conversation.workspace,
        "gpt": conversation.gpt,
        "position": 2,
    }
    Turn.objects.create(id=uuid7(NOW), started_at=NOW, **fields)

    with pytest.raises(IntegrityError), transaction.atomic():
        Turn.objects.create(id=uuid7(NOW + timedelta(seconds=1)), started_at=NOW, **fields)
