"""Previews of a draft: they come back beside the form, and are neither counted nor among the chats."""

from __future__ import annotations

from typing import Any

import pytest

from gpts.assistants.models import GPT
from gpts.chat.export import export_page
from gpts.chat.mentions import list_mentions
from gpts.chat.models import Conversation
from gpts.chat.search import search_conversations
from gpts.chat.services.turn_words import index_turn_words
from gpts.chat.services.turns import finish_turn, start_first_turn
from gpts.metering.models import UsageEvent
from tests.support.api_client import ApiClient
from tests.support.chat import create_conversation, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import LATER, NOW
from workspaces.access import personal_workspace
from workspaces.models import User

pytestmark = pytest.mark.django_db


def preview(gpt: GPT, user: User, text: str = "Lighthouse question", at: Any = NOW) -> Conversation:
    turn = start_first_turn(
        gpt=gpt, version=None, workspace=personal_workspace(user), text=text, by=user, at=at
    )
    finish_turn(turn_id=turn.pk, text=f"Answer to {text}", input_tokens=5, output_tokens=3, model=None, at=at)
    return turn.conversation


def test_a_preview_costs_but_is_neither_counted_nor_among_the_chats() -> None:
    gpt = create_public_gpt()
    owner = gpt.owner
    shown = preview(gpt, owner)
    index_turn_words(at=LATER)

    gpt.refresh_from_db()
    call = ApiClient(owner, scopes=("chat",))
    event = UsageEvent.objects.get()
    client = sign_in(owner)
    pages = [client.get(url).content.decode() for url in ("/chats/", f"/g/{gpt.slug}/chat")]

    assert gpt.conversation_count == 0
    assert (event.gpt_id, event.version_id, event.input_tokens) == (gpt.pk, None, 5)
    assert ["Lighthouse question" in page for page in pages] == [False, False]
    assert search_conversations(owner, "lighthouse").items == []
    assert export_page(owner)[0] == []
    assert call.get("conversations").json()["items"] == []
    assert [mention.kind for mention in list_mentions(owner, "", in_store=[])] != ["recent"]
    # It can still be opened and exported by its own address.
    assert "Lighthouse question" in client.get(f"/c/{shown.pk}").content.decode()
    assert call.get(f"conversations/{shown.pk}").status_code == 200


def test_the_last_preview_comes_back_until_it_is_started_over() -> None:
    gpt = create_public_gpt()
    owner = sign_in(gpt.owner)
    preview(gpt, gpt.owner, "An older question")
    last = preview(gpt, gpt.owner, "The last question", at=LATER)
    pages = ("configure", "create", "knowledge", "preview")

    def see(text: str) -> list[bool]:
        return [text in owner.get(f"/build/{gpt.slug}/{page}").content.decode() for page in pages]

    assert see("The last question") == [True] * 4
    assert see(f'action="/c/{last.pk}/turns?key=') == [True] * 4
    assert see("An older question") == [False] * 4
    answer = owner.post(f"/build/{gpt.slug}/preview/start-over", {"page": "knowledge"})
    assert answer.headers["Location"] == f"/build/{gpt.slug}/knowledge"
    assert see("The last question") == see("An older question") == [False] * 4
    assert Conversation.objects.filter(deleted_at__isnull=True).count() == 0
    # What was said cost what it cost.
    assert UsageEvent.objects.count() == 2


def test_starting_over_leaves_chats_other_gpts_and_other_people_alone() -> None:
    gpt, other = create_public_gpt(), create_public_gpt()
    reader = UserFactory.create()
    own, elsewhere, chat = (
        preview(gpt, gpt.owner),
        preview(other, gpt.owner),
        create_conversation(gpt.owner, gpt=gpt),
    )
    foreign = preview(gpt, reader)

    refused = sign_in(reader).post(f"/build/{gpt.slug}/preview/start-over")
    sign_in(gpt.owner).post(f"/build/{gpt.slug}/preview/start-over", {"page": "https://elsewhere.test"})

    assert refused.status_code == 404
    kept = set(Conversation.objects.filter(deleted_at__isnull=True).values_list("pk", flat=True))
    assert kept == {elsewhere.pk, chat.pk, foreign.pk}
    assert own.pk not in kept
