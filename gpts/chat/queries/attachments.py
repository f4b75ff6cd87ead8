"""Queries for attached files: those of turns for pages, and the parts that go into a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.files.storage import default_storage
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from core.fair_share import Waiting
from gpts.chat.attached_text import Piece, choose_pieces, split_into_pieces
from gpts.chat.models import Attachment, Turn
from gpts.chat.queries.attachment_vectors import get_similarities
from gpts.chat.states import AttachmentKind, MessageRole
from gpts.knowledge.retrieval import QuestionVector
from gpts.knowledge.states import FileState
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import ImagePart
from gpts.llm.states import Capability, ProviderKind
from workspaces.models import User

# At most this many pictures of the conversation go into a prompt.
IMAGES_REMEMBERED = 6
# Estimated characters of a token, and the share of a model's context for attached text.
CHARACTERS_PER_TOKEN = 3
CONTEXT_SHARE = 0.3
# At most this much text of a conversation's files is read for one question.
READ_CHARACTERS = 4_000_000


# A reading that took longer has lost its worker: the limit of time is a third of this.
LOST_SECONDS = 600


@dataclass(frozen=True)
class AttachedPiece:
    """A piece of an attached document, in the order of the prompt."""

    attachment_id: UUID
    file: str
    heading: str
    position: int
    text: str
    # Attributes of a FoundPassage, so that both kinds are cited by the same code.
    passage_id: None = None
    document_id: None = None
    page: None = None
    paragraph: None = None
    rows: None = None
    score: float = 1.0


@dataclass(frozen=True)
class AttachedParts:
    """What files add to a prompt. ``images`` are by turn; ``question_has_files``: this question has some."""

    pieces: tuple[AttachedPiece, ...] = ()
    images: dict[UUID, tuple[ImagePart, ...]] = field(default_factory=dict)
    question_has_files: bool = False


def reads_images(model: LanguageModel | None) -> bool:
    return model is not None and Capability.VISION in model.capabilities


def access_attachment(
    user: User | AnonymousUser, identifier: UUID, *, workspace_id: int | None = None
) -> Attachment:
    """Return the person's own file; NotFound for anybody else's, and when its conversation was deleted.

    ``workspace_id`` limits it to the workspace of an API key.
    """
    filters = {} if workspace_id is None else {"workspace_id": workspace_id}
    found = (
        Attachment.objects.defer("text")
        .filter(pk=identifier, user_id=user.pk, conversation__deleted_at__isnull=True, **filters)
        .first()
        if user.is_authenticated
        else None
    )
    if found is None:
        raise NotFound(_("There is no such file."), code="attachment_not_found")
    return found


def get_attachments_by_turn(turns: Iterable[Turn]) -> dict[UUID, list[Attachment]]:
    """Return the files of questions and answers by turn, in one query."""
    files: dict[UUID, list[Attachment]] = {}
    rows = (
        Attachment.objects.defer("text")
        .filter(turn_id__in=[turn.pk for turn in turns])
        .order_by("created_at", "id")
    )
    for row in rows:
        files.setdefault(row.turn_id, []).append(row)  # type: ignore[arg-type]  # filtered by turn
    return files


def get_attached_parts(
    *, turn: Turn, question: str, model: LanguageModel | None, vector: QuestionVector | None = None
) -> AttachedParts:
    """Return what files add to the prompt of ``turn``; one query when there are none.

    ``vector`` is the question's, by the model of the conversation's workspace.

    Only files of this conversation's shown turns up to ``turn``, those of the question first.
    """
    rows: list[dict[str, Any]] = list(
        Attachment.objects.filter(  # type: ignore[arg-type]  # plain dicts are enough here
            conversation_id=turn.conversation_id,
            turn__isnull=False,
            turn__position__lte=turn.position,
            turn__is_shown=True,
            role=MessageRole.USER,
            state=FileState.READY,
        )
        .order_by("-turn__position", "created_at", "id")
        .values("id", "kind", "name", "turn_id", "media_type", "storage_key", "characters", "copy_of_id")
    )
    if not rows:
        return AttachedParts()
    images = (
        _load_images([row for row in rows if row["kind"] == AttachmentKind.IMAGE])
        if reads_images(model)
        else {}
    )
    documents = [row for row in rows if row["kind"] == AttachmentKind.DOCUMENT]
    question_has_files = any(row["turn_id"] == turn.pk for row in rows)
    pieces = _choose_pieces_of_files(documents, question, model, vector)
    return AttachedParts(pieces, images, question_has_files)


def _choose_pieces_of_files(
    rows: Sequence[dict[str, Any]],
    question: str,
    model: LanguageModel | None,
    vector: QuestionVector | None,
) -> tuple[AttachedPiece, ...]:
    character_limit = int((model.context_window if model else 32_000) * CONTEXT_SHARE * CHARACTERS_PER_TOKEN)
    # The offline model quotes the first pieces, so they must be the best ones.
    best_first = model is None or model.provider.kind == ProviderKind.OFFLINE
    chosen: list[dict[str, Any]] = []
    read = 0
    for row in rows:
        read += row["characters"]
        if chosen and read > READ_CHARACTERS:
            break
        chosen.append(row)
    sources = [row["copy_of_id"] or row["id"] for row in chosen]
    texts = dict(Attachment.objects.filter(pk__in=sources).values_list("pk", "text"))
    pieces: list[Piece] = []
    seen: set[UUID] = set()
    for number, source in enumerate(sources):
        if source not in seen:
            seen.add(source)
            pieces.extend(split_into_pieces(number, texts.get(source, "")))
    similarities = {} if vector is None else get_similarities(sources, vector)
    return tuple(
        AttachedPiece(
            chosen[piece.source]["id"],
            chosen[piece.source]["name"],
            piece.heading,
            piece.position,
            piece.text,
        )
        for piece in choose_pieces(
            pieces, question, character_limit, best_first=best_first, similarities=similarities
        )
    )


def _load_images(rows: Sequence[dict[str, Any]]) -> dict[UUID, tuple[ImagePart, ...]]:
    found: dict[UUID, tuple[ImagePart, ...]] = {}
    for row in rows[:IMAGES_REMEMBERED]:
        try:
            with default_storage.open(row["storage_key"]) as stored:
                part = ImagePart(row["media_type"], stored.read())
        except FileNotFoundError:
            continue
        found[row["turn_id"]] = (*found.get(row["turn_id"], ()), part)
    return found


def get_attachment_text(attachment: Attachment) -> str:
    """Return the extracted text; a copy has the text of its original."""
    own = Attachment.objects.filter(pk=attachment.pk)
    value = own.annotate(whole=Coalesce("copy_of__text", F("text"))).values_list("whole", flat=True).first()
    return value or ""


def find_cited_piece(turn: Turn, number: int) -> dict[str, Any] | None:
    """Return the piece of an attached file behind a citation of an authorised turn, with a passage's keys.

    None when the citation is not of an attached file, or the file was removed.
    """
    answer = turn.messages.filter(role=MessageRole.ASSISTANT).first()
    cited = next((c for c in (answer.citations if answer else ()) if c["number"] == number), None)
    if cited is None or not cited.get("attachment_id"):
        return None
    attachment = Attachment.objects.filter(
        pk=cited["attachment_id"], conversation_id=turn.conversation_id
    ).first()
    if attachment is None:
        return None
    pieces = split_into_pieces(0, get_attachment_text(attachment))
    piece = next((piece for piece in pieces if piece.position == cited.get("position")), None)
    if piece is None:
        return None
    return {
        "file_name": attachment.name,
        "heading": piece.heading,
        "page": None,
        "paragraph": None,
        "text": piece.text,
    }


def build_readable_filter(at: datetime) -> Q:
    """Return the filter of documents that may be read now: those that wait, and those whose worker died."""
    lost = Q(reading_at__isnull=True) | Q(reading_at__lt=at - timedelta(seconds=LOST_SECONDS))
    return Q(state=FileState.WAITING) | Q(state=FileState.EXTRACTING) & lost


def list_readable_attachments(*, at: datetime) -> list[Waiting]:
    """Return the oldest unread document of each person in each workspace, within the open scope."""
    rows = (
        Attachment.objects.filter(build_readable_filter(at))
        .order_by("workspace_id", "user_id", "created_at", "id")
        .distinct("workspace_id", "user_id")
    )
    return [
        Waiting("attachment", pk, person, workspace, since)
        for pk, person, workspace, since in rows.values_list("pk", "user_id", "workspace_id", "created_at")
    ]


def list_read_attachments(*, at: datetime) -> list[tuple[int, int]]:
    """Return (person, workspace) of each document that is being read, within the open scope."""
    rows = Attachment.objects.filter(
        state=FileState.EXTRACTING, reading_at__gte=at - timedelta(seconds=LOST_SECONDS)
    )
    return list(rows.values_list("user_id", "workspace_id"))
