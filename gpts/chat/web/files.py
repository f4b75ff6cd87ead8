"""Files in a chat: added while a message is written, watched while they are read, opened afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, InvalidInput, NotFound
from core.scope import current_scope
from gpts.assistants.access import access_chat, access_gpt, recheck_chat
from gpts.assistants.models import GPT, Version
from gpts.assistants.rules import GPTAct
from gpts.chat.access import access_conversation
from gpts.chat.attachment_reading import failure_words
from gpts.chat.models import Attachment, Conversation
from gpts.chat.queries.attachments import access_attachment, reads_images
from gpts.chat.services.attachments import UnknownAttachment, add_attachment, remove_attachment
from gpts.chat.services.turn_inputs import usable_model
from gpts.chat.states import AttachmentKind
from gpts.chat.streaming.begin import Requester, get_chat_workspace_id
from gpts.knowledge.extraction import MEDIA_TYPES
from gpts.metering.states import UsageSource
from workspaces.web.refusals import error_body

MOST_IDENTIFIERS = 100
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif")


@login_required
@require_POST
def attachment_add_first(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A file for the first message of a new conversation."""
    is_draft = "draft" in request.GET
    if is_draft:
        access_gpt(request.user, slug, to=GPTAct.TRY)
    gpt, version, relation = access_chat(request.user, slug, is_draft=is_draft)
    requester = Requester(request.user, current_scope(), UsageSource.WEB, None, "en")  # type: ignore[arg-type]
    return _added(
        request,
        workspace_id=get_chat_workspace_id(requester, gpt, relation),
        conversation=None,
        eyes=lambda: reads_images(usable_model(gpt, version)),
    )


@login_required
@require_POST
def attachment_add(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    conversation = access_conversation(request.user, conversation_id)
    recheck_chat(request.user, conversation.gpt, is_draft=conversation.version_id is None)
    return _added(
        request,
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        eyes=lambda: has_eyes(conversation),
    )


@login_required
@require_GET
def attachment_show(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """How far a file is, for its chip."""
    return JsonResponse(chip_of(access_attachment(request.user, attachment_id)))


@login_required
@require_POST
def attachment_remove(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    attachment = access_attachment(request.user, attachment_id)
    try:
        remove_attachment(attachment=attachment)
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    return JsonResponse({"id": str(attachment_id)})


@login_required
@require_GET
def attachment_file(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    return file_response(access_attachment(request.user, attachment_id), is_saved="download" in request.GET)


def file_response(attachment: Attachment, *, is_saved: bool) -> HttpResponse:
    """The bytes as their person gave them. Only pictures, which we made ourselves, may show in the page."""
    try:
        with default_storage.open(attachment.storage_key) as stored:
            data = stored.read()
    except FileNotFoundError:
        raise NotFound(_("There is no such file."), code="attachment_not_found") from None
    is_picture = attachment.kind == AttachmentKind.IMAGE
    media_type = attachment.media_type if is_picture else "application/octet-stream"
    response = HttpResponse(data, content_type=media_type)
    disposition = content_disposition_header(is_saved or not is_picture, attachment.name)
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def chip_of(attachment: Attachment) -> dict[str, Any]:
    """What the chip of a file shows."""
    return {
        "id": str(attachment.pk),
        "name": attachment.name,
        "kind": attachment.kind,
        "size": attachment.size,
        "state": attachment.state,
        "failure": failure_words(attachment.failure),
        "url": reverse("gpts:attachment-file", args=[attachment.pk]),
    }


def has_eyes(conversation: Conversation) -> bool:
    """Whether the model that answers next in a conversation reads pictures."""
    chosen = conversation.language_model
    return reads_images(usable_model(conversation.gpt, conversation.version, chosen=chosen))


def attach_options(
    gpt: GPT, version: Version | None, conversation: Conversation | None, *, is_draft: bool = False
) -> dict[str, Any]:
    """What the composer says of files: where they go, which ones, and whether pictures are seen."""
    chosen = conversation.language_model if conversation else None
    eyes = reads_images(usable_model(gpt, version, chosen=chosen))
    url = (
        reverse("gpts:attachment-add", args=[conversation.pk])
        if conversation
        else reverse("gpts:attachment-add-first", args=[gpt.slug]) + ("?draft=1" if is_draft else "")
    )
    return {
        "url": url,
        "accept": ",".join([*(IMAGE_ENDINGS if eyes else ()), *MEDIA_TYPES]),
        "limit": settings.CHAT_ATTACHMENTS_PER_MESSAGE,
        "bytes": settings.CHAT_ATTACHMENT_BYTES,
        "has_eyes": eyes,
    }


def files_in(fields: QueryDict) -> list[UUID]:
    """The ids of files in the form of a message; one that is no id is as unknown as any other."""
    return parse_ids(fields.getlist("attachments"))


def parse_ids(values: list[Any]) -> list[UUID]:
    try:
        return [UUID(value) for value in values[:MOST_IDENTIFIERS]]
    except (ValueError, AttributeError, TypeError):
        raise UnknownAttachment(
            _("One of these files is not there any more. Add it again."),
            code="attachment_not_found",
            field="attachments",
        ) from None


def _added(
    request: HttpRequest, *, workspace_id: int, conversation: Conversation | None, eyes: Callable[[], bool]
) -> HttpResponseBase:
    try:
        upload = request.FILES.get("file")
        if not isinstance(upload, UploadedFile):
            raise InvalidInput(_("Choose a file first."), code="required", field="file")
        attachment = add_attachment(
            upload=upload,
            workspace_id=workspace_id,
            conversation=conversation,
            reads_images=eyes(),
            by=request.user,
            at=timezone.now(),
        )
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    return JsonResponse(chip_of(attachment), status=201)
