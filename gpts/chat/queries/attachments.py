"""Reading attached files: those of turns for pages, and what of them goes into a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.errors import NotFound
from gpts.chat.attached_text import Piece, choose, pieces_of
from gpts.chat.models import Attachment, Conversation, Turn
from gpts.chat.states import AttachmentKind, MessageRole
from gpts.knowledge.states import FileState
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import ImagePart
from gpts.llm.states import Capability, ProviderKind

# Pictures of earlier messages that a model is shown again.
IMAGES_REMEMBERED = 6
# Characters of one token, and the share of a model's context that attached text may take.
CHARACTERS_PER_TOKEN = 3
CONTEXT_SHARE = 0.3
# What is read of the files of a conversation for one question, at most.
READ_CHARACTERS = 4_000_000


@dataclass(frozen=True)
class AttachedPiece:
    """A piece of an attached document, in the order of the prompt."""

    attachment_id: UUID
    file: str
    heading: str
    position: int
    text: str
    # What passages of knowledge have, so that both are cited by one rule.
    passage_id: None = None
    document_id: None = None
    page: None = None
    paragraph: None = None
    score: float = 1.0


@dataclass(frozen=True)
class AttachedParts:
    """What files add to a prompt. ``images`` by turn; ``is_fresh``: the question itself has files."""

    pieces: tuple[AttachedPiece, ...] = ()
    images: dict[UUID, tuple[ImagePart, ...]] = field(default_factory=dict)
    is_fresh: bool = False


def reads_images(model: LanguageModel | None) -> bool:
    return model is not None and Capability.VISION in model.capabilities


def access_attachment(user: Any, identifier: UUID, *, workspace_id: int | None = None) -> Attachment:
    """Return the person's own file; NotFound for anybody else's, and when its conversation was deleted.

    A key sees those of its own workspace only: ``workspace_id``.
    """
    place = {} if workspace_id is None else {"workspace_id": workspace_id}
    found = (
        Attachment.objects.defer("text")
        .filter(pk=identifier, user_id=user.pk, conversation__deleted_at__isnull=True, **place)
        .first()
        if user.is_authenticated
        else None
    )
    if found is None:
        raise NotFound(_("There is no such file."), code="attachment_not_found")
    return found


def attachments_of(turns: Iterable[Turn]) -> dict[UUID, list[Attachment]]:
    """Return the files of turns, questions' and answers', in one query; none for a turn without."""
    found: dict[UUID, list[Attachment]] = {}
    rows = (
        Attachment.objects.defer("text")
        .filter(turn_id__in=[turn.pk for turn in turns])
        .order_by("created_at", "id")
    )
    for row in rows:
        found.setdefault(row.turn_id, []).append(row)  # type: ignore[arg-type]  # filtered by turn
    return found


def loose_attachments(user: Any, conversation: Conversation | None, workspace_id: int) -> list[Attachment]:
    """Return the uploads that wait for a message, so that a reload of the page keeps them."""
    return list(
        Attachment.objects.defer("text")
        .filter(user_id=user.pk, turn__isnull=True, conversation=conversation, workspace_id=workspace_id)
        .order_by("created_at", "id")
    )


def attached_parts(*, turn: Turn, question: str, model: LanguageModel | None) -> AttachedParts:
    """Return what the files on the way to ``turn`` give to its prompt; one query when there are none.

    Files of this conversation's shown path alone, the question's own first.
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
        _images([row for row in rows if row["kind"] == AttachmentKind.IMAGE]) if reads_images(model) else {}
    )
    documents = [row for row in rows if row["kind"] == AttachmentKind.DOCUMENT]
    is_fresh = any(row["turn_id"] == turn.pk for row in rows)
    return AttachedParts(_pieces(documents, question, model), images, is_fresh)


def _pieces(
    rows: Sequence[dict[str, Any]], question: str, model: LanguageModel | None
) -> tuple[AttachedPiece, ...]:
    room = int((model.context_window if model else 32_000) * CONTEXT_SHARE * CHARACTERS_PER_TOKEN)
    # The offline model quotes the first pieces, so they must be the best ones.
    is_quoted = model is None or model.provider.kind == ProviderKind.OFFLINE
    kept: list[dict[str, Any]] = []
    read = 0
    for row in rows:
        read += row["characters"]
        if kept and read > READ_CHARACTERS:
            break
        kept.append(row)
    sources = [row["copy_of_id"] or row["id"] for row in kept]
    texts = dict(Attachment.objects.filter(pk__in=sources).values_list("pk", "text"))
    pieces: list[Piece] = []
    seen: set[UUID] = set()
    for number, source in enumerate(sources):
        if source not in seen:
            seen.add(source)
            pieces.extend(pieces_of(number, texts.get(source, "")))
    return tuple(
        AttachedPiece(
            kept[piece.source]["id"], kept[piece.source]["name"], piece.heading, piece.position, piece.text
        )
        for piece in choose(pieces, question, room, is_quoted=is_quoted)
    )


def _images(rows: Sequence[dict[str, Any]]) -> dict[UUID, tuple[ImagePart, ...]]:
    found: dict[UUID, tuple[ImagePart, ...]] = {}
    for row in rows[:IMAGES_REMEMBERED]:
        try:
            with default_storage.open(row["storage_key"]) as stored:
                part = ImagePart(row["media_type"], stored.read())
        except FileNotFoundError:
            continue
        found[row["turn_id"]] = (*found.get(row["turn_id"], ()), part)
    return found


def attached_text_of(attachment: Attachment) -> str:
    """Return the text of a document; a copy has its first one's."""
    own = Attachment.objects.filter(pk=attachment.pk)
    value = own.annotate(whole=Coalesce("copy_of__text", F("text"))).values_list("whole", flat=True).first()
    return value or ""


def cited_piece(turn: Turn, number: int) -> dict[str, Any] | None:
    """Return a piece of an attached file that an authorised turn cites, shaped as a passage with its file.

    None when the number stands for something else, or the file is not there any more.
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
    pieces = pieces_of(0, attached_text_of(attachment))
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
