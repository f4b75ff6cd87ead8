"""The passage behind a citation: shown to who may still chat with the GPT, and only what the answer cites."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.models import GPT
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.assistants.services.versions import freeze_version, set_live_version
from gpts.assistants.states import Audience
from gpts.chat.models import Message, Turn
from gpts.chat.services.turns import finish_turn, start_first_turn
from gpts.knowledge.models import Passage
from gpts.knowledge.queries import list_erased_file_names
from gpts.knowledge.retrieval import find_passages
from gpts.knowledge.services.files import add_knowledge_file, erase_file, remove_knowledge_file, replace_file
from tests.gpts.chat.stage import NOW, a_gpt, a_user
from tests.gpts.chat.test_pages import signed_in
from tests.gpts.studio.stage import a_file
from workspaces.access import personal_workspace
from workspaces.models import User

pytestmark = pytest.mark.django_db

TEXT = "Returns <b>are</b> accepted within 30 days of delivery."


def a_knowing_gpt(text: str = TEXT) -> tuple[GPT, Passage]:
    with system_scope("tests"):
        gpt = a_gpt()
        add_knowledge_file(gpt=gpt, upload=a_file("returns.txt", text.encode()), by=gpt.owner, at=NOW)
        gpt.refresh_from_db()
        version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
        set_live_version(gpt=gpt, version=version, audience=Audience.PUBLIC, at=NOW)
    return gpt, Passage.objects.get(document__files__gpt=gpt)


def a_citing_turn(reader: User, gpt: GPT, passage_id: int) -> Turn:
    with system_scope("tests"):
        version = gpt.versions.get()
        turn = start_first_turn(
            gpt=gpt,
            version=version,
            workspace=personal_workspace(reader),
            text="How long?",
            by=reader,
            at=NOW,
        )
        source = {"number": 1, "passage_id": passage_id, "file": "returns.txt", "heading": "", "page": None}
        finish_turn(
            turn_id=turn.pk, text="30 days [1]", input_tokens=1, output_tokens=1, model=None, at=NOW,
            citations=[source],
        )  # fmt: skip
    return turn


def url_of(turn: Turn, number: int = 1) -> str:
    return f"/c/{turn.conversation_id}/turns/{turn.pk}/sources/{number}"


def test_the_chip_leads_to_the_passage_as_a_page_and_as_a_part_of_one() -> None:
    gpt, passage = a_knowing_gpt()
    reader = a_user("Reader")
    turn = a_citing_turn(reader, gpt, passage.pk)
    client = signed_in(reader)

    conversation = client.get(f"/c/{turn.conversation_id}").content.decode()
    page = client.get(url_of(turn))
    part = client.get(url_of(turn), headers={"X-Fragment": "passage"})

    assert f'class="citation" href="{url_of(turn)}"' in conversation
    for answer in (page, part):
        assert answer.status_code == 200
        assert "Returns &lt;b&gt;are&lt;/b&gt; accepted within 30 days" in answer.content.decode()
        assert "X-Fragment" in answer.headers["Vary"]
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert "<html" in page.content.decode()
    assert f'href="/c/{turn.conversation_id}"' in page.content.decode()
    assert "<html" not in part.content.decode()


def test_only_what_the_answer_cites_is_shown() -> None:
    gpt, passage = a_knowing_gpt()
    other_gpt, foreign = a_knowing_gpt("Salaries of the other company.")
    reader = a_user("Reader")
    turn = a_citing_turn(reader, gpt, passage.pk)
    forged = a_citing_turn(reader, gpt, foreign.pk)
    client = signed_in(reader)

    assert client.get(url_of(turn, 2)).status_code == 404
    assert client.get(url_of(turn, 0)).status_code == 404
    assert client.get(url_of(forged)).status_code == 404
    mixed = f"/c/{forged.conversation_id}/turns/{turn.pk}/sources/1"
    assert client.get(mixed).status_code == 404
    assert b"Salaries" not in client.get(url_of(forged)).content
    assert other_gpt.pk != gpt.pk


@pytest.mark.parametrize("who", ["stranger", "owner of the GPT", "visitor"])
def test_other_peoples_citations_are_not_there(who: str) -> None:
    gpt, passage = a_knowing_gpt()
    turn = a_citing_turn(a_user("Reader"), gpt, passage.pk)
    client: Any = (
        Client()
        if who == "visitor"
        else signed_in(gpt.owner if who == "owner of the GPT" else a_user("Stranger"))
    )

    answer = client.get(url_of(turn))

    assert answer.status_code == (302 if who == "visitor" else 404)
    assert b"30 days" not in answer.content


def test_the_passage_goes_with_the_access_to_the_gpt() -> None:
    gpt, passage = a_knowing_gpt()
    reader = a_user("Reader")
    turn = a_citing_turn(reader, gpt, passage.pk)
    with system_scope("tests"):
        quarantine_gpt(gpt=gpt, at=timezone.now())

    assert signed_in(reader).get(url_of(turn)).status_code == 404
    assert Message.objects.filter(turn=turn).count() == 2


@pytest.mark.parametrize("act", ["remove", "erase", "replace"])
def test_a_passage_that_was_deleted_says_so_in_its_place(act: str) -> None:
    gpt, passage = a_knowing_gpt()
    reader = a_user("Reader")
    turn = a_citing_turn(reader, gpt, passage.pk)
    client = signed_in(reader)
    with system_scope("tests"):
        file = gpt.knowledge_files.get()
        if act == "replace":
            replace_file(file=file, upload=a_file("b.txt", "Other words"), by=gpt.owner, at=NOW)
        else:
            remove_knowledge_file(file=file, by=gpt.owner, at=NOW)

    kept = client.get(url_of(turn), headers={"X-Fragment": "passage"})
    with system_scope("tests"):
        erase_file(file=file, confirmation=file.name, by=gpt.owner, at=NOW)
    part = client.get(url_of(turn), headers={"X-Fragment": "passage"})
    page = client.get(url_of(turn))
    conversation = client.get(f"/c/{turn.conversation_id}")

    # The version that answered keeps what was only taken out of the draft.
    assert (kept.status_code, "accepted within 30 days" in kept.content.decode()) == (200, True)
    for answer in (part, page):
        assert answer.status_code == 404
        assert "This passage is not there any more, or it is not for you." in answer.content.decode()
        assert "30 days" not in answer.content.decode()
    assert "<html" not in part.content.decode()
    assert f'href="/c/{turn.conversation_id}"' in page.content.decode()
    assert f'class="citation" href="{url_of(turn)}"' in conversation.content.decode()


def test_a_version_goes_on_answering_without_what_was_erased() -> None:
    gpt, _passage = a_knowing_gpt()
    with system_scope("tests"):
        version = gpt.versions.get()
        assert find_passages(gpt, "How many days for returns?", version=version)
        erase_file(file=gpt.knowledge_files.get(), confirmation="returns.txt", by=gpt.owner, at=NOW)
        assert find_passages(gpt, "How many days for returns?", version=version) == []
        assert list_erased_file_names(gpt, version) == ["returns.txt"]


def test_another_gpts_file_that_was_forced_into_a_version_answers_nothing() -> None:
    """T10: the hash of a foreign file in one's own version finds no row of one's own."""
    _theirs, foreign = a_knowing_gpt("Salaries of the other company are secret.")
    mine, _passage = a_knowing_gpt()
    with system_scope("tests"):
        version = mine.versions.get()
        version.knowledge_hashes = [foreign.document.content_hash]
        assert find_passages(mine, "What are the salaries?", version=version) == []
