"""Search: whose knowledge is read, joined and left-out passages, removing from the index."""

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


def find_headings(gpt: object, text: str, **options: object) -> list[str]:
    return [found.heading for found in find_passages(gpt, text, **options)]  # type: ignore[arg-type]


def test_knowledge_of_another_gpt_in_the_workspace_is_not_found() -> None:
    owner = UserFactory.create()
    company = create_company(owner)
    one, two = (
        GPTFactory.create(owner=owner, workspace=company),
        GPTFactory.create(owner=owner, workspace=company),
    )
    add_document(one, "shop.md", SHOP)

    assert find_headings(one, "theft insurance") == ["Insurance"]
    assert find_headings(two, "theft insurance") == []
    assert find_headings(GPTFactory.create(), "theft insurance") == []


def test_a_shared_document_is_found_under_each_gpts_name_for_it() -> None:
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


def test_a_removed_file_is_found_only_for_its_frozen_version() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)
    version = freeze_version(gpt=gpt, release_notes="", by=gpt.owner, at=NOW)
    KnowledgeFile.objects.filter(gpt=gpt).update(removed_at=LATER)
    add_document(gpt, "new.md", [("Pumps", "Pumps cost nine euros and have no insurance.")])

    assert find_headings(gpt, "insurance") == ["Pumps"]
    assert find_headings(gpt, "insurance", version=version) == ["Insurance"]


def test_the_scope_is_widened_for_the_searched_gpt_only() -> None:
    gpt, other = GPTFactory.create(), GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)
    add_document(other, "secret.md", SHOP)

    with open_scope(Scope(user_id=UserFactory.create().pk)):
        assert IndexSegment.objects.count() == 0
        assert find_headings(gpt, "theft insurance") == ["Insurance"]
        assert IndexSegment.objects.count() == 0


def test_spelling_is_corrected_and_reported() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)

    found = look_up(gpt, "insurannce agianst thefft")

    assert found.corrections == {"insurannce": "insurance", "thefft": "theft"}
    assert found.hits[0].passage.heading == "Insurance"


def test_duplicate_paragraphs_are_found_once() -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "a.md", SHOP)
    add_document(gpt, "b.md", [*SHOP, ("More", "Bells are free of charge.")])

    assert find_headings(gpt, "theft insurance month") == ["Insurance"]


def test_neighbouring_passages_of_a_section_are_joined() -> None:
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
def test_questions_without_known_terms_find_nothing(question: str) -> None:
    gpt = GPTFactory.create()
    add_document(gpt, "shop.md", SHOP)

    assert find_passages(gpt, question) == []


def test_removing_from_the_index_leaves_no_rows() -> None:
    gpt, kept = GPTFactory.create(), GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    add_document(kept, "shop.md", SHOP)

    remove_from_index(document)

    assert find_passages(gpt, "theft insurance") == []
    assert find_headings(kept, "theft insurance") == ["Insurance"]
    assert not IndexSegment.objects.filter(document=document).exists()
    for table in (IndexBlock, IndexShelf):
        assert not table.objects.filter(workspace_id=gpt.workspace_id).exists()
    assert not PassageVector.objects.exists()


def test_indexing_again_replaces_the_index() -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    document.passages.filter(heading="Insurance").update(text="Nothing about that topic any longer.")

    index_passages(document)

    assert find_headings(gpt, "theft") == []
    assert IndexSegment.objects.filter(document=document).count() == 1


def test_the_number_of_queries_does_not_depend_on_the_number_of_files() -> None:
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


def test_documents_without_an_index_are_indexed_by_the_job() -> None:
    gpt = GPTFactory.create()
    document = add_document(gpt, "shop.md", SHOP)
    IndexSegment.objects.all().delete()

    assert index_waiting() == 1
    assert index_waiting() == 0
    assert find_headings(gpt, "theft insurance") == ["Insurance"]
    assert IndexSegment.objects.filter(document=document).count() == 1
