"""Search in one's conversations, and their export."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.scope import NOBODY, Scope, open_scope
from gpts.assistants.queries.gpts import find_live_version
from gpts.chat.export import build_export, build_file_name, build_markdown, export_page
from gpts.chat.models import Conversation, TurnWords
from gpts.chat.search import search_conversations
from gpts.chat.services.feedback import give_feedback
from gpts.chat.services.turn_words import index_turn_words
from gpts.chat.services.turns import delete_conversation, finish_turn, start_first_turn, start_turn
from tests.support.chat import create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import personal_workspace
from workspaces.models import User

LATER = NOW + timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def create_chat(
    reader: User, question: str, answer: str, *, minutes: int = 0, gpt: Any = None
) -> Conversation:
    gpt = gpt or create_public_gpt()
    at = NOW + timedelta(minutes=minutes)
    turn = start_first_turn(
        gpt=gpt,
        version=find_live_version(reader, gpt),
        workspace=personal_workspace(reader),
        text=question,
        by=reader,
        at=at,
    )
    finish_turn(turn_id=turn.pk, text=answer, input_tokens=1, output_tokens=1, model=None, at=at)
    return turn.conversation


def search_titles(reader: User, text: str) -> list[str]:
    return [item.conversation.title for item in search_conversations(reader, text).items]


def test_words_of_questions_answers_and_titles_are_found() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    create_chat(reader, "How do I prune roses?", "Cut above an outward bud.", gpt=gpt)
    create_chat(reader, "发票怎么报销", "请把发票交给财务部门。", minutes=1, gpt=gpt)
    create_chat(reader, "Mixed 问题", "The budget 预算 is fixed.", minutes=2, gpt=gpt)
    assert index_turn_words(at=NOW + timedelta(minutes=5)) == 3
    assert index_turn_words(at=NOW + timedelta(minutes=5)) == 0

    assert search_titles(reader, "roses") == ["How do I prune roses?"]
    assert search_titles(reader, "outward buds") == ["How do I prune roses?"]
    assert search_titles(reader, "outw") == ["How do I prune roses?"]
    assert search_titles(reader, "财务部门") == ["发票怎么报销"]
    assert search_titles(reader, "budget 预算") == ["Mixed 问题"]
    assert search_titles(reader, "rosses prune") == ["How do I prune roses?"]
    assert search_conversations(reader, "rosses").corrected == "rose"
    assert search_titles(reader, "nothing of the kind") == []
    assert search_titles(reader, "") == []
    assert search_titles(reader, "' | & ! :* \\ ()") == []


def test_the_snippet_is_escaped_with_the_words_marked() -> None:
    reader = UserFactory.create(display_name="Reader")
    create_chat(
        reader, "Tell me", "Before <b>it</b> " + "word " * 60 + "the velvetgrommet <script> stands here."
    )
    index_turn_words(at=NOW)

    (item,) = search_conversations(reader, "velvetgrommet").items

    assert "<mark>velvetgrommet</mark> &lt;script&gt;" in item.snippet
    assert item.snippet.startswith("… ")
    page = sign_in(reader).get("/c/?q=velvetgrommet").content.decode()
    assert "<mark>velvetgrommet</mark>" in page
    assert "<script> stands" not in page


def test_other_peoples_deleted_and_temporary_conversations_are_never_found() -> None:
    reader, other = UserFactory.create(display_name="Reader"), UserFactory.create(display_name="Other")
    gone = create_chat(reader, "Deleted velvetgrommet", "x")
    hidden = create_chat(reader, "Temporary velvetgrommet", "x")
    Conversation.objects.filter(pk=hidden.pk).update(is_temporary=True, expires_at=NOW)
    create_chat(other, "Another's velvetgrommet", "x")
    assert index_turn_words(at=NOW) == 2
    delete_conversation(conversation=gone, at=NOW)

    assert search_titles(reader, "velvetgrommet") == []
    with open_scope(Scope(user_id=reader.pk)):
        assert TurnWords.objects.count() == 1
    with open_scope(NOBODY):
        assert TurnWords.objects.count() == 0


def test_search_results_are_paginated_in_the_same_queries_for_one_and_three() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    counts = []
    for number in range(3):
        create_chat(reader, f"Question {number} velvetgrommet", "An answer", minutes=number, gpt=gpt)
        index_turn_words(at=NOW + timedelta(minutes=10))
        client = sign_in(reader)
        client.get("/c/?q=velvetgrommet")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/c/?q=velvetgrommet").content.decode().count("<mark>") == number + 1
        counts.append(len(queries))
    assert counts[0] == counts[2]

    first = search_conversations(reader, "velvetgrommet", size=2)
    second = search_conversations(reader, "velvetgrommet", size=2, cursor=first.page.next_cursor)
    assert [len(first.items), len(second.items)] == [2, 1]


def test_an_export_has_every_branch_and_what_it_cost() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_chat(reader, "First?", "One **[1]**")
    turn = conversation.turns.get()
    give_feedback(turn=turn, is_positive=False, reason="wrong", by=reader, at=NOW)
    other, _new = start_turn(conversation=conversation, text="Other?", by=reader, at=LATER, replaces=turn)
    finish_turn(turn_id=other.pk, text="Two", input_tokens=7, output_tokens=9, model=None, at=LATER)

    response = sign_in(reader).get(f"/c/{conversation.pk}/export.json")
    whole = json.loads(response.content)
    fresh = Conversation.objects.select_related("gpt", "version", "workspace").get(pk=conversation.pk)

    assert whole == json.loads(json.dumps(build_export(fresh)))
    assert whole["format"] == "loggia.conversation/1"
    assert [(t["question"], t["answer"], t["is_shown"], t["parent"]) for t in whole["turns"]] == [
        ("First?", "One **[1]**", False, None),
        ("Other?", "Two", True, None),
    ]
    assert whole["turns"][0]["feedback"] == {"thumb": "down", "reason": "wrong"}
    assert (whole["turns"][1]["input_tokens"], whole["turns"][1]["output_tokens"]) == (7, 9)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="First')
    text = build_markdown(fresh)
    assert "Other?" in text
    assert "First?" not in text.replace("# First?", "")


@pytest.mark.parametrize("path", ["export.json", "export.md"])
def test_only_the_person_exports_a_conversation(path: str) -> None:
    conversation = create_chat(UserFactory.create(display_name="Reader"), "First?", "One")
    assert (
        sign_in(UserFactory.create(display_name="Stranger")).get(f"/c/{conversation.pk}/{path}").status_code
        == 404
    )
    assert (
        sign_in(UserFactory.create(display_name="Stranger"))
        .get(f"/c/{conversation.pk}/export.exe")
        .status_code
        == 404
    )


def test_names_of_downloads_cannot_be_paths() -> None:
    conversation = create_chat(UserFactory.create(display_name="Reader"), '../../x "y"\\z\r\n', "One")
    assert build_file_name(conversation, "md") == "x-y-z-2026-03-10.md"
    conversation.title = "发票/报销"
    assert build_file_name(conversation, "json") == "发票-报销-2026-03-10.json"


def test_all_conversations_are_exported_a_page_at_a_time() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    for number in range(3):
        create_chat(reader, f"Question {number}", "x", minutes=number, gpt=gpt)
    create_chat(UserFactory.create(display_name="Other"), "Not mine", "x")

    first, cursor = export_page(reader, size=2)
    rest, end = export_page(reader, size=2, cursor=cursor)

    titles = [json.loads(line)["title"] for line in [*first, *rest]]
    assert titles == ["Question 2", "Question 1", "Question 0"]
    assert end == ""
