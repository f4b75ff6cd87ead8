"""Whose knowledge a search reads, what it leaves out, and that forgetting leaves nothing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.scope import Scope, open_scope
from gpts.assistants.services.versions import freeze_version
from gpts.knowledge.models import IndexBlock, IndexSegment, IndexShelf, KnowledgeFile, PassageVector
from gpts.knowledge.retrieval import find_passages, index_passages, look_up, remove_from_index
from gpts.knowledge.tasks import index_waiting
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.retrieval import add_document
from tests.support.times import LATER, NOW

pytestmark = pytest.mark.django_db

SHOP = [
    ("Returns", "You can return a bicycle within 30 days if it has no scratches."),
    ("Insurance", "Theft insurance costs eight euros a month and starts on the day after you sign."),
    ("Delivery", "We deliver assembled bicycles to your door within the city."),
]


def headings(gpt: object, text: str, **options: object) -> list[str]:
    return [found.heading for found in find_passages(gpt, text, **options)]  # type: ignore[arg-type]


def test_another_gpts_knowledge_stays_out_also_in_the_same_workspace() -> None:
    owner = UserFactory.create()
    company = create_company(owner)
    one, two = (
        GPTFactory.create(owner=owner, workspace=company),
        GPTFactory.create(owner=owner, workspace=company),
    )
    add_document(one, "shop.md", SHOP)

    assert headings(one, "theft insurance") == ["Insurance"]
    assert headings(two, "theft insurance") == []
    assert headings(GPTFactory.create(), "theft insurance") == []


def test_a_document_that_two_gpts_share_has_each_ones_name_for_it() -> None:
    owner = UserFactory.create()
    company = create_company(owner)
    one, two = (
        GPTFactory.create(owner=owner, workspace=company),
        GPTFactory.create(owner=owner, workspace=company),
    )
    document = add_document(one, "shop.md", SHOP)

    assert add_document(two, "rules.md", SHOP) == document
    assert IndexSegment.objects.filter(document=document).count() == 1
    assert [p.file for p in find_passages(two, "theft insurance")] == ["rules.md"]


def test_a_removed_file_answers_its_frozen_version_alone() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    KnowledgeFile.objects.filter(gpt=gpt).update(removed_at=LATER)
    add_document(gpt, "new.md", [("Pumps", "Pumps cost nine euros and have no insurance.")])

    assert headings(gpt, "insurance") == ["Pumps"]
    assert headings(gpt, "insurance", version=version) == ["Insurance"]


def test_without_the_workspace_in_scope_the_caller_is_trusted_for_this_gpt_only() -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)
    add_document(other, "secret.md", SHOP)

    with open_scope(Scope(user_id=UserFactory.create().pk)):
        assert IndexSegment.objects.count() == 0
        assert headings(gpt, "theft insurance") == ["Insurance"]
        assert IndexSegment.objects.count() == 0


def test_typing_errors_are_mended_and_named() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)

    found = look_up(gpt, "insurannce agianst thefft")

    assert found.corrections == {"insurannce": "insurance", "thefft": "theft"}
    assert found.hits[0].passage.heading == "Insurance"


def test_the_same_paragraph_twice_is_found_once() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "a.md", SHOP)
    add_document(gpt, "b.md", [*SHOP, ("More", "Bells are free of charge.")])

    assert headings(gpt, "theft insurance month") == ["Insurance"]


def test_neighbours_of_one_section_come_as_one() -> None:
    gpt = GPTFactory.create()
    add_document(
        gpt,
        "guide.md",
        [
            ("Tyres", "Check the pressure of the tyres each month."),
            ("Tyres", "Low pressure of tyres wears the rim."),
            ("Bells", "Bells are free of charge."),
        ],
    )

    (found,) = find_passages(gpt, "pressure of tyres")

    assert len(found.passage_ids) == 2
    assert found.text == "Check the pressure of the tyres each month.\n\nLow pressure of tyres wears the rim."
    assert found.paragraph == 1


@pytest.mark.parametrize(
    "question", ["", "?!", "的了吗", "the of and", "'\\ | & ! :*", "\x00", "quantum physics"]
)
def test_what_asks_for_nothing_finds_nothing(question: str) -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)

    assert find_passages(gpt, question) == []


def test_forgetting_leaves_nothing_behind() -> None:
    gpt, kept = GPTFactory.create(), GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    add_document(kept, "shop.md", SHOP)

    remove_from_index(document)

    assert find_passages(gpt, "theft insurance") == []
    assert headings(kept, "theft insurance") == ["Insurance"]
    assert not IndexSegment.objects.filter(document=document).exists()
    for table in (IndexBlock, IndexShelf):
        assert not table.objects.filter(workspace_id=gpt.workspace_id).exists()
    assert not PassageVector.objects.exists()


def test_indexing_again_replaces() -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    document.passages.filter(heading="Insurance").update(text="Nothing about that topic any longer.")

    index_passages(document)

    assert headings(gpt, "theft") == []
    assert IndexSegment.objects.filter(document=document).count() == 1


def test_more_files_cost_no_more_queries() -> None:
    counts = []
    for files in (1, 3):
        gpt = GPTFactory.create()
        for number in range(files):
            add_document(gpt, f"{number}.md", [*SHOP, ("Number", f"This is document {number}.")])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            find_passages(gpt, "theft insurance")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_what_was_read_before_there_was_an_index_is_taken_up() -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    IndexSegment.objects.all().delete()

    assert index_waiting() == 1
    assert index_waiting() == 0
    assert headings(gpt, "theft insurance") == ["Insurance"]
    assert IndexSegment.objects.filter(document=document).count() == 1
