"""Share links: what they show, who may read it, and that they end at once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import AuditEvent
from core.scope import NOBODY, Scope, open_scope
from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import find_live_version
from gpts.chat.models import Conversation, SharedConversation
from gpts.chat.services.turns import finish_turn, start_first_turn, start_turn
from tests.support.chat import create_public_gpt
from tests.support.children import get_renderer_seconds
from tests.support.factories.workspaces import MemberFactory, UserFactory, WorkspaceFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.access import personal_workspace
from workspaces.models import User

pytestmark = pytest.mark.django_db

SECRET = "the passage says velvetgrommet"


def create_chat(reader: User, *, workspace: Any = None, gpt: GPT | None = None) -> Conversation:
    gpt = gpt or create_public_gpt()
    turn = start_first_turn(
        gpt=gpt,
        version=find_live_version(reader, gpt),
        workspace=workspace or personal_workspace(reader),
        text="What about <arches>?",
        by=reader,
        at=NOW,
    )
    finish_with_citation(turn, "They are **round** [1]")
    return turn.conversation


def finish_with_citation(turn: Any, text: str) -> None:
    finish_turn(
        turn_id=turn.pk, text=text, input_tokens=5, output_tokens=3, model=None, at=NOW,
        citations=[{"number": 1, "passage_id": 7, "file": "guide.pdf", "heading": SECRET, "page": 2}],
    )  # fmt: skip


def create_link(reader: User, conversation: Conversation) -> str:
    sign_in(reader).post(f"/c/{conversation.pk}/share/make")
    return f"/s/{SharedConversation.objects.get(conversation=conversation, removed_at=None).token}"


def test_a_link_shows_a_copy_to_everybody_and_nothing_else() -> None:
    reader = UserFactory.create(display_name="Reader Realname")
    conversation = create_chat(reader)
    link = create_link(reader, conversation)
    turn, _new = start_turn(conversation=conversation, text="And later?", by=reader, at=NOW)
    finish_with_citation(turn, "Said afterwards")

    response = Client().get(link)
    page = response.content.decode()

    assert response.status_code == 200
    assert "<strong>round</strong>" in page
    assert "What about &lt;arches&gt;?" in page
    assert "guide.pdf" in page
    for hidden in (
        SECRET,
        "Reader Realname",
        reader.email,
        "Said afterwards",
        "And later?",
        str(conversation.pk),
    ):
        assert hidden not in page
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "Start your own chat with this GPT" in page


def test_the_token_has_more_than_128_bits_and_renewing_keeps_it() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_chat(reader)
    link = create_link(reader, conversation)
    turn, _new = start_turn(conversation=conversation, text="And later?", by=reader, at=NOW)
    finish_with_citation(turn, "Said afterwards")

    assert len(link.removeprefix("/s/")) >= 43
    assert create_link(reader, conversation) == link
    assert "Said afterwards" in Client().get(link).content.decode()
    assert SharedConversation.objects.filter(conversation=conversation).count() == 1
    actions = AuditEvent.objects.filter(action__in=["gpts.conversation_shared", "gpts.share_renewed"])
    assert actions.count() == 2


def test_a_removed_link_opens_nothing() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_chat(reader)
    link = create_link(reader, conversation)

    sign_in(reader).post(f"/c/{conversation.pk}/share/stop")
    response = Client().get(link)

    assert response.status_code == 410
    assert "not shared any more" in response.content.decode()
    assert "round" not in response.content.decode()
    assert SharedConversation.objects.get().content["turns"] == []
    assert AuditEvent.objects.filter(action="gpts.share_removed").count() == 1
    assert create_link(reader, conversation) != link


def test_deleting_the_conversation_removes_its_link() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_chat(reader)
    link = create_link(reader, conversation)

    sign_in(reader).post(f"/c/{conversation.pk}/delete")
    sign_in(reader).post(f"/c/{conversation.pk}/restore")

    assert Client().get(link).status_code == 410


@pytest.mark.parametrize("fault", ["quarantined_at", "deleted_at"])
def test_links_close_when_the_gpt_is_quarantined_or_deleted(fault: str) -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_chat(reader)
    link = create_link(reader, conversation)

    GPT.objects.filter(pk=conversation.gpt_id).update(**{fault: NOW})

    assert Client().get(link).status_code == 410


def test_a_link_of_a_company_conversation_is_for_members() -> None:
    reader, colleague, stranger = (
        UserFactory.create(display_name="Reader"),
        UserFactory.create(display_name="Colleague"),
        UserFactory.create(display_name="Stranger"),
    )
    company = WorkspaceFactory.create(owner=reader, name="Acme")
    MemberFactory.create(workspace=company, user=colleague, role="member", by=reader)
    link = create_link(reader, create_chat(reader, workspace=company))

    assert Client().get(link)["Location"].startswith("/accounts/login/")
    assert sign_in(stranger).get(link).status_code == 404
    assert "<strong>round</strong>" in sign_in(colleague).get(link).content.decode()
    assert Client().get("/s/" + "x" * 43).status_code == 404


@pytest.mark.parametrize("act", ["", "/make", "/stop"])
def test_only_the_person_creates_and_removes_the_link(act: str) -> None:
    reader, stranger = UserFactory.create(display_name="Reader"), UserFactory.create(display_name="Stranger")
    conversation = create_chat(reader)
    link = create_link(reader, conversation)
    client = sign_in(stranger)
    path = f"/c/{conversation.pk}/share{act}"

    response = client.post(path) if act else client.get(path)

    assert response.status_code == 404
    assert Client().get(link).status_code == 200
    assert link not in client.get("/c/shared").content.decode()


def test_temporary_and_empty_chats_cannot_be_shared() -> None:
    reader = UserFactory.create(display_name="Reader")
    conversation = create_chat(reader)
    Conversation.objects.filter(pk=conversation.pk).update(is_temporary=True, expires_at=NOW)
    waiting = start_first_turn(
        gpt=conversation.gpt, version=None, workspace=personal_workspace(reader), text="x", by=reader, at=NOW
    )
    client = sign_in(reader)

    refused = client.post(f"/c/{conversation.pk}/share/make")
    assert refused.status_code in (404, 409)
    assert client.post(f"/c/{waiting.conversation_id}/share/make").status_code == 400
    assert not SharedConversation.objects.exists()


def test_row_security_shows_a_link_to_its_person_and_to_holders_of_the_token() -> None:
    reader = UserFactory.create(display_name="Reader")
    link = create_link(reader, create_chat(reader))
    token = link.removeprefix("/s/")
    rows = SharedConversation.objects

    with open_scope(Scope(user_id=reader.pk)):
        assert rows.count() == 1
    with open_scope(NOBODY):
        assert rows.count() == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('loggia.share_token', %s, true)", [token])
        assert rows.count() == 1
        # The token gives the right to read, not to change or delete.
        assert rows.update(title="mine") == 0
        assert rows.filter(token=token)._raw_delete(rows.db) == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('loggia.share_token', '', true)")


def test_the_list_of_links_takes_the_same_queries_for_one_and_three() -> None:
    counts = []
    for number in (1, 3):
        reader = UserFactory.create(display_name="Reader")
        for _ in range(number):
            create_link(reader, create_chat(reader))
        client = sign_in(reader)
        client.get("/c/shared")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/c/shared").content.decode().count("Manage") == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_link_to_hostile_code_is_rendered_once() -> None:
    """Pygments' lexer of make takes many seconds for 15,000 such letters, each time the page is opened."""
    hostile = "```make\n" + "a" * 15_000 + "\n```"
    reader = UserFactory.create(display_name="Reader")
    conversation = create_chat(reader)
    for number in range(3):
        turn, _new = start_turn(conversation=conversation, text="And?", by=reader, at=NOW)
        finish_with_citation(turn, f"Answer {number}\n\n{hostile}")
    link = create_link(reader, conversation)

    first = Client().get(link).content.decode()
    used = get_renderer_seconds()
    began = time.process_time()
    again = Client().get(link).content.decode()

    assert first.count("a" * 15_000) == again.count("a" * 15_000) >= 3
    assert get_renderer_seconds() - used < 0.1
    assert time.process_time() - began < 2
