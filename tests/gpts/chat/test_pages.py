"""Pages of chatting: what they show, to whom, and how many queries they take."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.ids import uuid7
from gpts.chat.models import Conversation, Turn
from gpts.chat.services.turns import fail_turn, finish_turn, start_first_turn, start_turn
from tests.gpts.chat.stage import NOW, a_gpt, a_public_gpt, a_user
from workspaces.access import personal_workspace
from workspaces.models import User

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def a_conversation(reader: User, *, turns: int = 1, **fields: Any) -> Conversation:
    gpt = fields.pop("gpt", None) or a_public_gpt()
    workspace = personal_workspace(reader)
    first = start_first_turn(gpt=gpt, version=None, workspace=workspace, text="Question 1", by=reader, at=NOW)
    _answer(first)
    conversation = first.conversation
    for number in range(2, turns + 1):
        turn, _new = start_turn(conversation=conversation, text=f"Question {number}", by=reader, at=NOW)
        _answer(turn)
    return conversation


def _answer(turn: Turn) -> None:
    finish_turn(
        turn_id=turn.pk, text="An **answer** [1]", input_tokens=5, output_tokens=3, model=None, at=NOW,
        citations=[{"number": 1, "passage_id": 1, "file": "guide.pdf", "heading": "Paths", "page": 2}],
    )  # fmt: skip


def test_an_empty_chat_offers_starters_and_keeps_a_question_from_the_address() -> None:
    gpt = a_public_gpt(starters=["Begin here"])

    page = signed_in(a_user("Reader")).get(f"/g/{gpt.slug}/chat?text=From+the+store").content.decode()

    assert 'value="Begin here"' in page
    assert ">From the store</textarea>" in page
    assert "Essay coach" in page
    assert "Your conversations will stand here." in page


def test_visitors_sign_in_first() -> None:
    gpt = a_public_gpt()

    assert Client().get(f"/g/{gpt.slug}/chat").status_code == 302
    assert Client().get("/c/").status_code == 302
    assert Client().get(f"/c/{uuid4()}").status_code == 302


def test_a_conversation_shows_answers_sources_and_what_can_be_done_with_each() -> None:
    reader = a_user("Reader")
    conversation = a_conversation(reader, turns=2)

    page = signed_in(reader).get(f"/c/{conversation.pk}").content.decode()

    assert page.count("<strong>answer</strong>") == 2
    assert page.count('class="citation"') == 2
    assert "guide.pdf · Paths · page 2" in page
    assert page.count("data-chat-retry-form") == 2
    assert page.count("data-chat-last") == 1
    assert "<title>Question 1 · Essay coach · Loggia</title>" in page


def test_a_failed_turn_says_what_happened_and_offers_another_try() -> None:
    reader = a_user("Reader")
    conversation = a_conversation(reader)
    turn, _new = start_turn(conversation=conversation, text="Again", by=reader, at=NOW)
    fail_turn(turn_id=turn.pk, code="rate_limited", text="Half", at=NOW, retry_after=7)

    page = signed_in(reader).get(f"/c/{conversation.pk}").content.decode()

    assert "The model is busy. Try again in 7 seconds." in page
    assert "Half" in page
    assert "Try again" in page


def test_hostile_titles_and_questions_are_text() -> None:
    reader = a_user("Reader")
    gpt = a_public_gpt(name="<b>Bold</b>")
    turn = start_first_turn(
        gpt=gpt,
        version=None,
        workspace=personal_workspace(reader),
        text="<script>alert(1)</script>",
        by=reader,
        at=NOW,
    )
    _answer(turn)

    page = signed_in(reader).get(f"/c/{turn.conversation_id}").content.decode()

    assert "<script>alert(1)" not in page
    assert "<b>Bold" not in page


def test_rename_delete_and_undo() -> None:
    reader = a_user("Reader")
    conversation, client = a_conversation(reader), signed_in(reader)

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
def test_another_persons_conversation_is_not_there(act: str) -> None:
    owner, stranger = a_user("Owner"), a_user("Stranger")
    conversation = a_conversation(owner)
    client = signed_in(stranger)

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
    gpt = a_gpt()

    assert signed_in(gpt.owner).get(f"/g/{gpt.slug}/chat?draft=1").status_code == 200
    assert signed_in(a_user("Stranger")).get(f"/g/{gpt.slug}/chat?draft=1").status_code == 404


@pytest.mark.parametrize("path", ["/c/", "/c/{id}"])
def test_queries_do_not_grow_with_the_rows(path: str) -> None:
    counts = []
    for rows in (1, 3):
        reader = a_user("Reader")
        conversations = [a_conversation(reader, turns=rows) for _ in range(rows)]
        client = signed_in(reader)
        url = path.format(id=conversations[0].pk)
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 16


def test_a_second_event_for_one_turn_is_refused_by_the_database() -> None:
    from django.db import IntegrityError, transaction

    from gpts.metering.services.usage import record_usage

    reader = a_user("Reader")
    turn = a_conversation(reader).turns.select_related("conversation", "gpt").get()

    with pytest.raises(IntegrityError), transaction.atomic():
        record_usage(turn=turn, model=None, at=NOW)


def test_one_running_turn_a_conversation_is_a_constraint() -> None:
    from django.db import IntegrityError, transaction

    reader = a_user("Reader")
    conversation = a_conversation(reader)
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
