"""The passage behind a citation: only what the answer cites, and only while its reader may use the GPT."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.scope import system_scope
from gpts.assistants.services.quarantine import quarantine_gpt
from gpts.chat.models import Message, Turn
from gpts.knowledge.queries import list_erased_file_names
from gpts.knowledge.retrieval import find_passages
from gpts.knowledge.services.files import erase_file, remove_knowledge_file, replace_file
from tests.support.chat import create_citing_turn, create_gpt_with_file
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_upload

pytestmark = pytest.mark.django_db


def get_source_url(turn: Turn, number: int = 1) -> str:
    return f"/c/{turn.conversation_id}/turns/{turn.pk}/sources/{number}"


def test_a_citation_opens_the_passage_as_a_page_and_as_a_fragment() -> None:
    gpt, passage = create_gpt_with_file()
    reader = UserFactory.create(display_name="Reader")
    turn = create_citing_turn(reader, gpt, passage.pk)
    client = sign_in(reader)

    conversation = client.get(f"/c/{turn.conversation_id}").content.decode()
    page = client.get(get_source_url(turn))
    part = client.get(get_source_url(turn), headers={"X-Fragment": "passage"})

    assert f'class="citation" href="{get_source_url(turn)}"' in conversation
    for answer in (page, part):
        assert answer.status_code == 200
        assert "Returns &lt;b&gt;are&lt;/b&gt; accepted within 30 days" in answer.content.decode()
        assert "X-Fragment" in answer.headers["Vary"]
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert "<html" in page.content.decode()
    assert f'href="/c/{turn.conversation_id}"' in page.content.decode()
    assert "<html" not in part.content.decode()


def test_only_cited_passages_are_shown() -> None:
    gpt, passage = create_gpt_with_file()
    other_gpt, foreign = create_gpt_with_file("Salaries of the other company.")
    reader = UserFactory.create(display_name="Reader")
    turn = create_citing_turn(reader, gpt, passage.pk)
    forged = create_citing_turn(reader, gpt, foreign.pk)
    client = sign_in(reader)

    assert client.get(get_source_url(turn, 2)).status_code == 404
    assert client.get(get_source_url(turn, 0)).status_code == 404
    assert client.get(get_source_url(forged)).status_code == 404
    mixed = f"/c/{forged.conversation_id}/turns/{turn.pk}/sources/1"
    assert client.get(mixed).status_code == 404
    assert b"Salaries" not in client.get(get_source_url(forged)).content
    assert other_gpt.pk != gpt.pk


@pytest.mark.parametrize("who", ["stranger", "owner of the GPT", "visitor"])
def test_other_peoples_citations_are_not_found(who: str) -> None:
    gpt, passage = create_gpt_with_file()
    turn = create_citing_turn(UserFactory.create(display_name="Reader"), gpt, passage.pk)
    client: Any = (
        Client()
        if who == "visitor"
        else sign_in(gpt.owner if who == "owner of the GPT" else UserFactory.create(display_name="Stranger"))
    )

    answer = client.get(get_source_url(turn))

    assert answer.status_code == (302 if who == "visitor" else 404)
    assert b"30 days" not in answer.content


def test_a_passage_is_not_found_without_access_to_the_gpt() -> None:
    gpt, passage = create_gpt_with_file()
    reader = UserFactory.create(display_name="Reader")
    turn = create_citing_turn(reader, gpt, passage.pk)
    with system_scope("tests"):
        quarantine_gpt(gpt=gpt, at=timezone.now())

    assert sign_in(reader).get(get_source_url(turn)).status_code == 404
    assert Message.objects.filter(turn=turn).count() == 2


@pytest.mark.parametrize("act", ["remove", "erase", "replace"])
def test_a_deleted_passage_is_explained(act: str) -> None:
    gpt, passage = create_gpt_with_file()
    reader = UserFactory.create(display_name="Reader")
    turn = create_citing_turn(reader, gpt, passage.pk)
    client = sign_in(reader)
    with system_scope("tests"):
        file = gpt.knowledge_files.get()
        if act == "replace":
            replace_file(file=file, upload=make_upload("b.txt", "Other words"), by=gpt.owner, at=NOW)
        else:
            remove_knowledge_file(file=file, by=gpt.owner, at=NOW)

    kept = client.get(get_source_url(turn), headers={"X-Fragment": "passage"})
    with system_scope("tests"):
        erase_file(file=file, confirmation=file.name, by=gpt.owner, at=NOW)
    part = client.get(get_source_url(turn), headers={"X-Fragment": "passage"})
    page = client.get(get_source_url(turn))
    conversation = client.get(f"/c/{turn.conversation_id}")

    # The version that answered keeps a file that was only removed from the draft.
    assert (kept.status_code, "accepted within 30 days" in kept.content.decode()) == (200, True)
    for answer in (part, page):
        assert answer.status_code == 404
        assert "This passage is not there any more, or it is not for you." in answer.content.decode()
        assert "30 days" not in answer.content.decode()
    assert "<html" not in part.content.decode()
    assert f'href="/c/{turn.conversation_id}"' in page.content.decode()
    assert f'class="citation" href="{get_source_url(turn)}"' in conversation.content.decode()


def test_a_version_answers_without_an_erased_file() -> None:
    gpt, _passage = create_gpt_with_file()
    with system_scope("tests"):
        version = gpt.versions.get()
        assert find_passages(gpt, "How many days for returns?", version=version)
        erase_file(file=gpt.knowledge_files.get(), confirmation="returns.txt", by=gpt.owner, at=NOW)
        assert find_passages(gpt, "How many days for returns?", version=version) == []
        assert list_erased_file_names(gpt, version) == ["returns.txt"]


def test_a_foreign_content_hash_in_a_version_finds_no_passages() -> None:
    """Passages are found through the GPT's own files, so the hash of a foreign file finds none."""
    _theirs, foreign = create_gpt_with_file("Salaries of the other company are secret.")
    mine, _passage = create_gpt_with_file()
    with system_scope("tests"):
        version = mine.versions.get()
        version.knowledge_hashes = [foreign.document.content_hash]
        assert find_passages(mine, "What are the salaries?", version=version) == []
