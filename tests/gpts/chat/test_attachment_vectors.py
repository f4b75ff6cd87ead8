"""Attached documents are found by meaning: with the built-in model, in the background, within one person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.ids import uuid7
from core.scope import open_scope, system_scope
from gpts.assistants.models import GPT
from gpts.chat.attached_text import Piece, choose_pieces, split_into_pieces
from gpts.chat.models import Attachment, AttachmentVectors, Turn
from gpts.chat.queries.attachment_vectors import get_attachment_embedder, get_similarities
from gpts.chat.services import attachment_vectors as making
from gpts.chat.services.attachment_vectors import (
    embed_waiting_attachments,
    list_waiting_attachments,
    pack_vector,
)
from gpts.chat.services.attachments import copy_to_turn, erase_attachments
from gpts.chat.services.turn_inputs import QuestionVectors, prepare_turn
from gpts.chat.services.turns import finish_turn, start_first_turn, start_turn
from gpts.chat.states import AttachmentKind
from gpts.knowledge.states import FileState
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.runtime.builtin_embeddings import is_available
from gpts.llm.services.providers import ensure_builtin_embeddings
from gpts.llm.states import ModelKind, ProviderKind
from tests.fakes.openai_server import ModelServer
from tests.support.chat import create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.access import personal_workspace, scope_for
from workspaces.models import User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not is_available(), reason="the wheel of the built-in embeddings model is missing"),
]

PET = "Hunde müssen im Treppenhaus an der Leine geführt werden; Katzen dürfen in der Wohnung bleiben."
QUESTION = "Are pets allowed in the flat?"
FILLER = (
    "The committee noted figures of the quarter, paid the invoices of the print shop and closed at nine. "
)


@pytest.fixture(autouse=True)
def _short_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as long early, because a vector takes the model a third of a second."""
    monkeypatch.setattr("gpts.chat.attached_text.UNCUT_CHARACTERS", 2_000)
    monkeypatch.setattr(making, "UNCUT_CHARACTERS", 2_000)


def later(at: datetime = NOW) -> Any:
    """A clock that does not run out."""
    return lambda: at


def attach(turn: Turn, text: str, *, name: str = "house.md") -> Attachment:
    return Attachment.objects.create(
        id=uuid7(NOW), user_id=turn.user_id, workspace_id=turn.workspace_id, turn=turn,
        conversation=turn.conversation, kind=AttachmentKind.DOCUMENT, name=name, media_type="text/markdown",
        size=len(text), content_hash="0" * 64, storage_key=f"attachments/{name}", state=FileState.READY,
        text=text, characters=len(text), created_at=NOW,
    )  # fmt: skip


def make_long_text() -> str:
    """More than goes into a prompt whole, with one passage that answers, in another language."""
    paragraphs = [FILLER * 8 for _ in range(4)]
    paragraphs.insert(3, PET)
    return "\n\n".join(paragraphs)


def start(reader: User, gpt: GPT) -> Turn:
    return start_first_turn(
        gpt=gpt, version=gpt.versions.get(), workspace=personal_workspace(reader), text=QUESTION, by=reader,
        at=NOW,
    )  # fmt: skip


def get_prompt(turn: Turn, vectors: QuestionVectors) -> list[str]:
    fresh = Turn.objects.select_related("conversation__gpt", "conversation__version", "gpt", "version").get(
        pk=turn.pk
    )
    prepared = prepare_turn(
        turn=fresh, conversation=fresh.conversation, text=QUESTION, language="en", vectors=vectors
    )
    return [passage.text for passage in prepared.input.passages]


def embed_question(turn: Turn) -> QuestionVectors:
    embedder = get_attachment_embedder(turn.workspace_id, conversation_id=turn.conversation_id)
    return QuestionVectors(attachments=None if embedder is None else embedder.embed([QUESTION])[0])


def test_a_question_in_another_language_finds_its_piece_once_there_are_vectors() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    ensure_builtin_embeddings(at=NOW)
    turn = start(reader, gpt)
    file = attach(turn, make_long_text())

    before = get_prompt(turn, embed_question(turn))
    made = embed_waiting_attachments(clock=later())
    vectors = embed_question(turn)
    after = get_prompt(turn, vectors)

    assert PET not in before[0]
    row = AttachmentVectors.objects.get()
    assert (row.attachment_id, row.user_id, row.pieces, row.is_complete, made) == (
        file.pk,
        reader.pk,
        len(split_into_pieces(0, file.text)),
        True,
        row.pieces,
    )
    assert len(row.vectors) == row.pieces * row.dimensions
    assert PET in after[0]
    finish_turn(turn_id=turn.pk, text="They are.", input_tokens=1, output_tokens=1, model=None, at=NOW)
    # A copy, which an edited question has, uses the same vectors.
    second, _is_new = start_turn(
        conversation=turn.conversation, text=QUESTION, by=reader, at=NOW, request_key="k"
    )
    copy_to_turn(source=turn, turn=second, at=NOW)
    Attachment.objects.filter(turn=turn).update(turn=second)
    assert PET in get_prompt(second, vectors)[0]
    assert embed_waiting_attachments(clock=later()) == 0
    # What removes the file removes them.
    assert erase_attachments([turn.conversation_id]) >= 1
    assert not AttachmentVectors.objects.exists()


def test_short_old_and_foreign_files_wait_for_nothing(settings: Any) -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    ensure_builtin_embeddings(at=NOW)
    turn = start(reader, gpt)
    long = make_long_text()
    short = attach(turn, PET, name="short.md")
    assert list(list_waiting_attachments(NOW)) == []
    first, second = (attach(turn, long[: len(long) // 2], name=f"{n}.md") for n in "ab")

    # Together they are too long.
    assert set(list_waiting_attachments(NOW)) == {short, first, second}
    assert not list_waiting_attachments(NOW + timedelta(days=31)).exists()
    settings.SEMANTIC_SEARCH = False
    assert not list_waiting_attachments(NOW).exists()
    assert embed_waiting_attachments(clock=later()) == 0
    assert not AttachmentVectors.objects.exists()


def test_an_interrupted_file_goes_on_and_another_model_begins_anew(
    monkeypatch: pytest.MonkeyPatch, model_server: ModelServer
) -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    built_in = ensure_builtin_embeddings(at=NOW)
    turn = start(reader, gpt)
    file = attach(turn, make_long_text())
    whole = len(split_into_pieces(0, file.text))
    ticks = iter(range(1000))
    assert built_in is not None

    # Each look at the clock takes three seconds, so that a slice and the job end early.
    made = embed_waiting_attachments(clock=lambda: NOW + timedelta(seconds=3 * next(ticks)))
    row = AttachmentVectors.objects.get()
    assert (0 < row.pieces == made <= whole, row.is_complete) == (True, row.pieces == whole)
    embed_waiting_attachments(clock=later())
    row.refresh_from_db()
    assert (row.pieces, row.is_complete) == (whole, True)

    provider = ModelProvider.objects.create(
        name="Vectors", base_url=model_server.url, created_at=NOW, kind=ProviderKind.CHAT_COMPLETIONS
    )
    own = LanguageModel.objects.create(
        provider=provider, name="embed-64", label="embed-64", context_window=8_000, max_output_tokens=1,
        kind=ModelKind.EMBEDDING, dimensions=64,
    )  # fmt: skip
    # Vectors of the former model are not compared with a question by the new one.
    assert get_attachment_embedder(turn.workspace_id, conversation_id=turn.conversation_id) is None
    assert embed_waiting_attachments(clock=later()) == whole
    row.refresh_from_db()
    assert (row.model_id, row.dimensions, row.is_complete) == (own.pk, 64, True)
    assert len(row.vectors) == whole * 64


def test_a_model_that_fails_is_left_alone_and_words_go_on(model_server: ModelServer) -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    turn = start(reader, gpt)
    attach(turn, make_long_text())
    provider = ModelProvider.objects.create(
        workspace_id=turn.workspace_id, name="Closed", base_url="http://127.0.0.1:1/v1", created_at=NOW,
        kind=ProviderKind.CHAT_COMPLETIONS,
    )  # fmt: skip
    LanguageModel.objects.create(
        provider=provider, name="gone", label="gone", context_window=8_000, max_output_tokens=1,
        kind=ModelKind.EMBEDDING, dimensions=64,
    )  # fmt: skip

    assert embed_waiting_attachments(clock=later()) == 0
    assert not AttachmentVectors.objects.exists()
    assert LanguageModel.objects.get(name="gone").embedding_failure
    with system_scope("tests.find"):
        assert making._find_next(NOW) is None
    assert len(get_prompt(turn, QuestionVectors())) > 1


def test_nobody_elses_vectors_are_compared() -> None:
    owner, other = (UserFactory.create(display_name=name) for name in ("Owner", "Other"))
    ensure_builtin_embeddings(at=NOW)
    turn = start(owner, create_public_gpt())
    file = attach(turn, make_long_text())
    embed_waiting_attachments(clock=later())
    vector = embed_question(turn).attachments
    assert vector is not None

    with open_scope(scope_for(other)):
        workspace = personal_workspace(other).pk
        assert get_attachment_embedder(workspace, conversation_id=turn.conversation_id) is None
        assert get_attachment_embedder(workspace, files=[file.pk]) is None
        assert get_similarities([file.pk], vector) == {}
    with open_scope(scope_for(owner)):
        assert get_similarities([file.pk], vector)


@pytest.mark.parametrize(
    ("vector", "packed"),
    [
        ([1.0, -0.5, 0.0], bytes([127, 256 - 64, 0])),
        ([-2e-9, 1e-9, 0.0], bytes([256 - 127, 64, 0])),
        (None, bytes(3)),
        ([0.0, 0.0, 0.0], bytes(3)),
        ([float("nan"), 1.0, 0.0], bytes(3)),
        ([float("inf"), 1.0, 0.0], bytes(3)),
    ],
)
def test_vectors_are_packed_by_their_largest_component(vector: list[float] | None, packed: bytes) -> None:
    assert pack_vector(vector, 3) == packed


def test_both_orders_count_and_pieces_without_vectors_stay_findable() -> None:
    texts = ["red apples", "green pears", "apples and pears", "nothing at all"]
    pieces = [Piece(0, number + 1, "", text) for number, text in enumerate(texts)]

    def rank(similarities: dict[tuple[int, int], float]) -> list[int]:
        chosen = choose_pieces(pieces, "apples", 1000, best_first=True, similarities=similarities)
        return [piece.position for piece in chosen]

    assert rank({})[:2] == [1, 3]
    assert rank({(0, 3): 0.9, (0, 2): 0.8, (0, 1): 0.1, (0, 4): 0.0})[0] == 3
    assert set(rank({(0, 4): 0.9})[:2]) == {1, 4}
