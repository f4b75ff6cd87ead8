"""Another workspace's documents, index and vectors: neither a sent id nor a forced row reaches them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.core.files.storage import default_storage

from core.scope import open_scope, system_scope
from gpts.assistants.models import GPT, Version
from gpts.chat.services.turn_inputs import prepare_input
from gpts.knowledge.models import (
    Document,
    IndexSegment,
    KnowledgeFile,
    Passage,
    PassageVector,
)
from gpts.knowledge.queries import (
    get_cited_passage,
    get_file_beginning,
    list_answering_files,
    list_passages,
)
from gpts.knowledge.retrieval import QuestionVector, find_passages
from gpts.knowledge.retrieval.vectors import NearPassages, VectorStatus, nearest_passages
from gpts.knowledge.services.files import add_knowledge_file, erase_file
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import ModelKind, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.support.api_client import ApiClient
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory, VersionFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_upload
from workspaces.access import scope_for
from workspaces.models import User

pytestmark = pytest.mark.django_db

SECRET = "The vault code of Alpha is heliotrope nineteen."
QUESTION = "What is the vault code heliotrope?"


@dataclass
class Tenants:
    """A file of Alpha that only its builder's GPT has, and the GPT of an attacker in Beta.

    The attacker is a plain member of Alpha too: row-level security alone would show them its rows.
    """

    secret: KnowledgeFile
    document: Document
    attacker: User
    gpt: GPT


@pytest.fixture
def tenants() -> Tenants:
    owner, attacker = UserFactory.create(display_name="Alpha"), UserFactory.create(display_name="Beta")
    alpha, beta = create_company(owner, member=attacker), create_company(attacker)
    victim = GPTFactory.create(owner=owner, workspace=alpha)
    secret = add_knowledge_file(
        gpt=victim, upload=make_upload("vault.txt", SECRET.encode()), by=owner, at=NOW
    )
    assert secret.document is not None
    return Tenants(secret, secret.document, attacker, GPTFactory.create(owner=attacker, workspace=beta))


def force_file(tenants: Tenants) -> KnowledgeFile:
    """What no service writes: a file of the attacker's GPT that points to Alpha's document."""
    return KnowledgeFile.objects.create(
        workspace=tenants.gpt.workspace,
        gpt=tenants.gpt,
        document=tenants.document,
        name="mine.txt",
        content_hash=tenants.secret.content_hash,
        uploaded_by=tenants.attacker,
        created_at=NOW,
    )


def read_everything(tenants: Tenants, version: Version | None) -> str:
    """All that the GPT would tell: search, prompt, passages, beginning of the file, a cited passage."""
    gpt = tenants.gpt
    passage = Passage.objects.get(document=tenants.document)
    prepared = prepare_input(gpt, version, QUESTION)
    file = KnowledgeFile.objects.filter(gpt=gpt).first()
    return repr((
        find_passages(gpt, QUESTION, version=version),
        [quote.text for quote in prepared.input.passages],
        list(list_answering_files(gpt, version)),
        [] if file is None else [row.text for row in list_passages(file)],
        "" if file is None else get_file_beginning(file),
        get_cited_passage(gpt, passage.pk),
    ))  # fmt: skip


def test_a_foreign_file_is_not_attached_by_an_id_in_the_request(tenants: Tenants) -> None:
    api, page = ApiClient(tenants.attacker, tenants.gpt.workspace), sign_in(tenants.attacker)
    own = add_knowledge_file(
        gpt=tenants.gpt, upload=make_upload("own.txt", b"Our own words."), by=tenants.attacker, at=NOW
    )
    ids = {
        "id": tenants.secret.pk,
        "file": tenants.secret.pk,
        "file_id": tenants.secret.pk,
        "document": tenants.document.pk,
        "document_id": tenants.document.pk,
        "content_hash": tenants.secret.content_hash,
        "gpt": tenants.secret.gpt_id,
        "workspace": tenants.secret.workspace_id,
    }
    base = f"gpts/{tenants.gpt.slug}/knowledge"
    assert api.post(base, ids).status_code in (400, 415)
    assert api("PATCH", f"{base}/{own.pk}", ids | {"name": "own.txt"}).status_code == 200
    assert page.post(f"/build/{tenants.gpt.slug}/knowledge", ids).status_code in (302, 400)
    for path in (f"{base}/{tenants.secret.pk}", f"{base}/{tenants.secret.pk}/passages"):
        assert api.get(path).status_code == 404
    assert api("DELETE", f"{base}/{tenants.secret.pk}").status_code == 404

    files = KnowledgeFile.objects.order_by("pk").values_list("pk", "gpt_id", "document_id", "workspace_id")
    assert list(files) == [
        (tenants.secret.pk, tenants.secret.gpt_id, tenants.document.pk, tenants.secret.workspace_id),
        (own.pk, tenants.gpt.pk, own.document_id, tenants.gpt.workspace_id),
    ]


@pytest.mark.parametrize("is_frozen", [False, True], ids=["draft", "version"])
@pytest.mark.parametrize("by", ["person", "job"])
def test_a_forced_row_is_refused_when_it_is_read(tenants: Tenants, by: str, is_frozen: bool) -> None:
    """In a chat of a person who is a member of both workspaces, and in a job, which sees all rows."""
    force_file(tenants)
    version = None
    if is_frozen:
        version = VersionFactory.create(gpt=tenants.gpt)
        version.knowledge_hashes = [tenants.secret.content_hash]

    scope = scope_for(tenants.attacker) if by == "person" else None
    with open_scope(scope) if scope else system_scope("tests.golden"):
        told = read_everything(tenants, version)

    assert "heliotrope nineteen" not in told
    page = sign_in(tenants.attacker).get(f"/build/{tenants.gpt.slug}/knowledge")
    assert "heliotrope nineteen" not in page.content.decode()
    found = ApiClient(tenants.attacker, tenants.gpt.workspace).post(
        f"gpts/{tenants.gpt.slug}/knowledge/search", {"text": QUESTION}
    )
    assert "heliotrope" not in found.content.decode().replace(QUESTION, "")


def test_a_foreign_index_under_an_own_document_is_not_searched(tenants: Tenants) -> None:
    """A segment of Alpha's that points to the attacker's document."""
    own = add_knowledge_file(
        gpt=tenants.gpt, upload=make_upload("own.txt", b"Our own words."), by=tenants.attacker, at=NOW
    )
    IndexSegment.objects.filter(document=tenants.document).update(document=own.document, first=900)

    with system_scope("tests.golden"):
        assert find_passages(tenants.gpt, QUESTION) == []


def test_a_foreign_vector_under_an_own_document_is_not_found(
    tenants: Tenants, model_server: ModelServer
) -> None:
    own = add_knowledge_file(
        gpt=tenants.gpt, upload=make_upload("own.txt", b"Our own words."), by=tenants.attacker, at=NOW
    )
    provider = ModelProvider.objects.create(
        kind=ProviderKind.CHAT_COMPLETIONS, name="Vectors", base_url=model_server.url, created_at=NOW
    )
    model = LanguageModel.objects.create(
        provider=provider, name="embed-64", label="embed-64", context_window=8_000, max_output_tokens=1,
        kind=ModelKind.EMBEDDING, dimensions=64,
    )  # fmt: skip
    assert own.document is not None
    foreign = Passage.objects.get(document=tenants.document)
    PassageVector.objects.create(
        workspace=tenants.gpt.workspace,
        document=own.document,
        passage=foreign,
        model=model,
        code="1" * 64,
        vector=[1.0] * 64,
    )

    question = QuestionVector(model.pk, (1.0,) * 64)
    with system_scope("tests.golden"):
        asked = [(own.document.pk, foreign.position), (foreign.document_id, foreign.position)]
        found = nearest_passages(tenants.gpt, (own.document.pk,), question, 5, asked)
        told = read_everything(tenants, None)

    assert found == NearPassages(VectorStatus.WAITING)
    assert "heliotrope nineteen" not in told


def test_the_same_bytes_in_another_workspace_overwrite_and_delete_nothing(tenants: Tenants) -> None:
    """Neither are they recognised there: a second document is stored, read and indexed."""
    before = Document.objects.filter(pk=tenants.document.pk).values().get()
    copy = add_knowledge_file(
        gpt=tenants.gpt, upload=make_upload("mine.txt", SECRET.encode()), by=tenants.attacker, at=NOW
    )
    assert copy.document is not None and copy.document_id != tenants.document.pk
    assert copy.document.storage_key != before["storage_key"]

    erase_file(file=copy, confirmation="mine.txt", by=tenants.attacker, at=NOW)

    assert Document.objects.filter(pk=tenants.document.pk).values().get() == before
    assert default_storage.exists(before["storage_key"])
    assert Passage.objects.filter(document=tenants.document).exists()
    assert IndexSegment.objects.filter(document=tenants.document).exists()
