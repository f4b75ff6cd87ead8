"""Files of chats: upload, reading by the worker, sending with a message, removal."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from core.errors import Conflict, InvalidInput, NotFound, RateLimited, TooLarge
from core.ids import uuid7
from core.jobs import enqueue_on_commit, log_refused_task
from core.pictures import BadPictureError, detect_format, reencode_picture
from core.text import clean_line
from gpts.chat.attached_text import UNCUT_CHARACTERS
from gpts.chat.attachment_reading import get_limits, get_readable_media_type, read_text
from gpts.chat.models import Attachment, Conversation, Turn
from gpts.chat.queries.attachments import build_readable_filter
from gpts.chat.states import AttachmentKind, MessageRole
from gpts.knowledge.extraction import Remark, UnreadableError
from gpts.knowledge.services.reading import Clock, Step
from gpts.knowledge.states import FileState
from workspaces.models import User
from workspaces.queries import is_active_member

NAME_LENGTH = 255
TEXT_CHARACTERS = 2_000_000
MAX_UNSENT_FILES = 30
# A file that waits this long without a job is enqueued again.
WAIT_SECONDS = 60
# Readings that a worker began and did not end; see build_readable_filter.
MAX_ATTEMPTS = 2


class UnknownAttachment(NotFound):
    """The person has no such unsent file for this conversation."""


def add_attachment(
    *,
    upload: UploadedFile,
    workspace_id: int,
    conversation: Conversation | None,
    reads_images: bool,
    by: User,
    at: datetime,
) -> Attachment:
    """Store a file for a message that is still being written, and enqueue the reading of a document.

    ``conversation`` is the person's own, None before the first message of a new one; ``reads_images`` says
    whether the model that would answer does. A picture is re-encoded here and ready at once. Raises
    TooLarge, InvalidInput (field ``file``) or RateLimited; nothing is stored then.
    """
    name = clean_name(upload.name or "")
    _check_unsent_limit(by)
    data = _read_upload(upload)
    if detect_format(data):
        kind, media_type, data = AttachmentKind.IMAGE, *_reencode_picture(data, reads_images=reads_images)
    else:
        kind, media_type = AttachmentKind.DOCUMENT, get_readable_media_type(name)
        if not data:
            raise InvalidInput(_("There is nothing in this file."), code="file_empty", field="file")
    attachment = Attachment(
        id=uuid7(at),
        user=by,
        workspace_id=workspace_id,
        conversation=conversation,
        kind=kind,
        name=name,
        media_type=media_type,
        size=len(data),
        content_hash=hashlib.sha256(data).hexdigest(),
        state=FileState.READY if kind == AttachmentKind.IMAGE else FileState.WAITING,
        created_at=at,
    )
    with transaction.atomic():
        _store(attachment, data)
        attachment.save(force_insert=True)
        if attachment.state == FileState.WAITING:
            enqueue_on_commit("gpts.read_files")
    return attachment


def save_generated_image(*, turn: Turn, media_type: str, data: bytes, at: datetime) -> Attachment | None:
    """Store a picture that the provider generated for an answer; None when the bytes are no picture."""
    try:
        picture = reencode_picture(data)
    except BadPictureError:
        return None
    extension = "png" if picture.media_type == "image/png" else "jpg"
    number = Attachment.objects.filter(turn=turn, role=MessageRole.ASSISTANT).count() + 1
    attachment = Attachment(
        id=uuid7(at),
        user_id=turn.user_id,
        workspace_id=turn.workspace_id,
        conversation_id=turn.conversation_id,
        turn=turn,
        role=MessageRole.ASSISTANT,
        kind=AttachmentKind.IMAGE,
        name=f"image-{number}.{extension}",
        media_type=picture.media_type,
        size=len(picture.data),
        content_hash=hashlib.sha256(picture.data).hexdigest(),
        state=FileState.READY,
        created_at=at,
    )
    _store(attachment, picture.data)
    attachment.save(force_insert=True)
    return attachment


def claim_attachment(attachment_id: UUID, at: datetime) -> Attachment | None:
    """Mark a document as being read; None if it does not wait any more. In a scope.

    One whose worker died MAX_ATTEMPTS times has failed; so has one whose person was deactivated or left its
    workspace, with ``access_ended``.
    """
    row = (
        Attachment.objects.select_for_update(skip_locked=True)
        .filter(build_readable_filter(at), pk=attachment_id)
        .defer("text")
        .first()
    )
    if row is None:
        return None
    if not is_active_member(row.user_id, row.workspace_id):
        log_refused_task("gpts.read_files", "access_ended", attachment_id=str(attachment_id))
        row.state, row.failure = FileState.FAILED, "access_ended"
        row.save(update_fields=["state", "failure"])
        return None
    if row.attempts >= MAX_ATTEMPTS:
        row.state, row.failure = FileState.FAILED, "crashed"
        row.save(update_fields=["state", "failure"])
        return None
    row.state, row.reading_at, row.attempts = FileState.EXTRACTING, at, row.attempts + 1
    row.save(update_fields=["state", "reading_at", "attempts"])
    return row


def read_attachment(*, attachment_id: UUID, step: Step, clock: Clock) -> None:
    """Read one waiting document; see read_claimed_attachment. Does nothing for one that does not wait."""
    with step():
        attachment = claim_attachment(attachment_id, clock())
    if attachment is not None:
        read_claimed_attachment(attachment, step=step)


def read_claimed_attachment(attachment: Attachment, *, step: Step) -> None:
    """Extract the text of a claimed document; the outcome is in ``state`` and ``failure``.

    Opens no transaction while the file is read, which may be hostile, and ``step`` for the result. Writes
    nothing when the file was removed or claimed again.
    """
    remarks: list[Remark] = []
    text, failure = _extract_text(attachment.name, attachment.storage_key, remarks)
    with step():
        written = Attachment.objects.filter(
            pk=attachment.pk, state=FileState.EXTRACTING, reading_at=attachment.reading_at
        ).update(
            state=FileState.FAILED if failure else FileState.READY,
            failure=failure,
            text=text,
            characters=len(text),
            remarks=[remark.as_json() for remark in remarks],
        )
        if written and len(text) > UNCUT_CHARACTERS:
            enqueue_on_commit("gpts.embed_attachments")


def _extract_text(name: str, key: str, remarks: list[Remark]) -> tuple[str, str]:
    """Return the text and an empty failure code, or an empty text and the code; add to ``remarks``."""
    try:
        with default_storage.open(key) as stored:
            text = read_text(
                name,
                stored.read(),
                limits=get_limits(),
                max_characters=TEXT_CHARACTERS,
                take_remark=remarks.append,
            )
            return text, ""
    except UnreadableError as problem:
        return "", problem.code
    except FileNotFoundError:
        return "", "lost"


def sweep_unread_attachments(*, at: datetime) -> int:
    """Wake the workers when files wait too long or their worker died; returns how many do. Idempotent."""
    before = at - timedelta(seconds=WAIT_SECONDS)
    found = Attachment.objects.filter(build_readable_filter(at), created_at__lt=before).count()
    for _slot in range(min(found, settings.FILES_CONCURRENCY)):
        enqueue_on_commit("gpts.read_files")
    return found


def remove_attachment(*, attachment: Attachment) -> None:
    """Remove an unsent file. Conflict (``file_sent``) afterwards: a sent file stays with its turn."""
    with transaction.atomic():
        row = Attachment.objects.select_for_update().filter(pk=attachment.pk, turn__isnull=True).first()
        if row is None:
            raise Conflict(_("This file was sent already and stays with its message."), code="file_sent")
        row.delete()
        _delete_files_on_commit([row.storage_key])


def attach_to_turn(
    *, turn: Turn, identifiers: Sequence[UUID], reads_images: bool, by: User
) -> list[Attachment]:
    """Attach unsent files to the question of a turn: all of them or, on an error, none.

    NotFound (``attachment_not_found``) when one of them is not this person's, belongs to another
    conversation or was sent already; Conflict (``attachment_waiting``) while one is still being read.
    Needs an open transaction.
    """
    if not identifiers:
        return []
    limit = settings.CHAT_ATTACHMENTS_PER_MESSAGE
    if len(identifiers) > limit:
        raise TooLarge(
            ngettext_lazy(
                "A message takes at most %(count)d file.", "A message takes at most %(count)d files.", limit
            )
            % {"count": limit},
            code="too_many_files",
            field="attachments",
            data={"limit": limit},
        )
    rows = list(
        Attachment.objects.select_for_update()
        .defer("text")
        .filter(pk__in=set(identifiers), user_id=by.pk, turn__isnull=True)
        .order_by("created_at", "id")
    )
    own = [row for row in rows if row.conversation_id in (None, turn.conversation_id)]
    if len(own) != len(set(identifiers)) or any(row.workspace_id != turn.workspace_id for row in own):
        raise UnknownAttachment(
            _("One of these files is not there any more. Add it again."),
            code="attachment_not_found",
            field="attachments",
        )
    for row in own:
        _check_sendable(row, reads_images=reads_images)
    Attachment.objects.filter(pk__in=[row.pk for row in own]).update(
        turn=turn, conversation_id=turn.conversation_id
    )
    return own


def copy_to_turn(*, source: Turn, turn: Turn, at: datetime) -> None:
    """Give an edited or repeated question the files of the original, with the same bytes and text."""
    rows = (
        Attachment.objects.filter(turn=source, role=MessageRole.USER)
        .defer("text")
        .order_by("created_at", "id")
    )
    Attachment.objects.bulk_create(
        Attachment(
            id=uuid7(at),
            user_id=turn.user_id,
            workspace_id=turn.workspace_id,
            conversation_id=turn.conversation_id,
            turn=turn,
            kind=row.kind,
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            content_hash=row.content_hash,
            storage_key=row.storage_key,
            state=row.state,
            characters=row.characters,
            remarks=row.remarks,
            copy_of_id=row.copy_of_id or row.pk,
            created_at=at,
        )
        for row in rows
    )


def erase_attachments(conversations: Sequence[UUID]) -> int:
    """Delete the files of conversations, rows now and bytes after commit; returns how many.

    Call it in the transaction that deletes the conversations, before it deletes them.
    """
    rows = Attachment.objects.filter(conversation_id__in=conversations)
    _delete_files_on_commit(list(rows.values_list("storage_key", flat=True).distinct()))
    rows.filter(copy_of__isnull=False).delete()
    return rows.delete()[1].get(Attachment._meta.label, 0)


def remove_unsent_attachments(*, at: datetime) -> int:
    """Remove old unsent uploads; returns how many."""
    limit = at - timedelta(hours=settings.CHAT_LOOSE_ATTACHMENT_HOURS)
    unsent = Attachment.objects.filter(turn__isnull=True, created_at__lt=limit)
    with transaction.atomic():
        rows = list(unsent.select_for_update(skip_locked=True).values_list("pk", "storage_key")[:500])
        Attachment.objects.filter(pk__in=[pk for pk, _key in rows]).delete()
        _delete_files_on_commit([key for _pk, key in rows])
    return len(rows)


def clean_name(name: str) -> str:
    """Return the display name of an upload: its last path part, cleaned; InvalidInput if nothing is left."""
    base = re.split(r"[/\\]", name.replace("\x00", ""))[-1]
    cleaned = clean_line(base[-NAME_LENGTH:], max_length=NAME_LENGTH, field="file")
    if cleaned.strip(". ") == "":
        raise InvalidInput(_("Give the file a name first."), code="bad_name", field="file")
    return cleaned


def _check_unsent_limit(by: User) -> None:
    waiting = Attachment.objects.filter(user_id=by.pk, turn__isnull=True).count()
    if waiting >= MAX_UNSENT_FILES:
        raise RateLimited(
            ngettext_lazy(
                "You have %(count)d file that was not sent yet. Send or remove it first.",
                "You have %(count)d files that were not sent yet. Send or remove some of them first.",
                waiting,
            )
            % {"count": waiting},
            code="too_many_loose_files",
            field="file",
            data={"limit": MAX_UNSENT_FILES, "retry_after": 60},
        )


def _read_upload(upload: UploadedFile) -> bytes:
    limit = settings.CHAT_ATTACHMENT_BYTES
    data = b"" if (upload.size or 0) > limit else upload.read(limit + 1)
    if len(data) > limit or (upload.size or 0) > limit:
        raise TooLarge(
            _("This file is too big for a chat: at most %(megabytes)d MB fit.")
            % {"megabytes": max(limit // (1024 * 1024), 1)},
            code="file_too_large",
            field="file",
            data={"limit": limit},
        )
    return data


def _reencode_picture(data: bytes, *, reads_images: bool) -> tuple[str, bytes]:
    if not reads_images:
        raise InvalidInput(get_image_refusal(), code="images_not_read", field="file")
    try:
        picture = reencode_picture(data)
    except BadPictureError as problem:
        if problem.code == "busy":
            raise RateLimited(
                _("Many pictures are being added just now. Try again in a moment."),
                code="pictures_busy",
                field="file",
                data={"retry_after": 5},
            ) from problem
        message = (
            _("This picture is too big: at most 40 megapixels fit.")
            if problem.code == "too_many_pixels"
            else _("This picture is damaged. Save it again as PNG, JPEG, WebP or GIF.")
        )
        raise InvalidInput(message, code=f"picture_{problem.code}", field="file") from problem
    return picture.media_type, picture.data


def get_image_refusal() -> str:
    return str(
        _("The model of this chat does not read pictures. Choose one that does, or describe the picture.")
    )


def _check_sendable(row: Attachment, *, reads_images: bool) -> None:
    if row.state == FileState.FAILED:
        raise InvalidInput(
            _("“%(name)s” could not be read. Remove it, then send again.") % {"name": row.name},
            code="attachment_failed",
            field="attachments",
        )
    if row.state != FileState.READY:
        raise Conflict(
            _("“%(name)s” is still being read. Send again in a moment.") % {"name": row.name},
            code="attachment_waiting",
            data={"attachment": str(row.pk)},
        )
    if row.kind == AttachmentKind.IMAGE and not reads_images:
        raise InvalidInput(get_image_refusal(), code="images_not_read", field="attachments")


def _store(attachment: Attachment, data: bytes) -> None:
    """Store the bytes under a key built from ids; the name of the upload is never part of a path."""
    key = f"attachments/{attachment.workspace_id}/{attachment.user_id}/{attachment.pk}"
    attachment.storage_key = default_storage.save(key, ContentFile(data))


def _delete_files_on_commit(keys: Sequence[str]) -> None:
    def erase() -> None:
        for key in keys:
            default_storage.delete(key)

    if keys:
        transaction.on_commit(erase, robust=True)
