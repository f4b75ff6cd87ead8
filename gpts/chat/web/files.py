"""Files of chats: upload, state of the reading, download, removal."""

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
from gpts.chat.access import access_conversation_to_continue
from gpts.chat.attachment_reading import describe_failure
from gpts.chat.models import Attachment, Conversation
from gpts.chat.queries.attachments import access_attachment, reads_images
from gpts.chat.services.attachments import UnknownAttachment, add_attachment, remove_attachment
from gpts.chat.services.turn_inputs import get_usable_model
from gpts.chat.states import AttachmentKind
from gpts.chat.streaming.begin import Requester, get_chat_workspace_id
from gpts.knowledge.extraction import list_accepted
from gpts.knowledge.remark_messages import describe_remarks
from gpts.metering.states import UsageSource
from workspaces.models import User
from workspaces.queries import get_user_roles
from workspaces.web.people import person_of
from workspaces.web.refusals import error_body

MAX_IDENTIFIERS = 100
IMAGE_EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".gif")


@login_required
@require_POST
def attachment_add_first(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Upload a file for the first message of a new conversation."""
    person = person_of(request)
    is_draft = "draft" in request.GET
    if is_draft:
        access_gpt(person, slug, to=GPTAct.TRY)
    gpt, version, _relation = access_chat(person, slug, is_draft=is_draft)
    requester = Requester(person, current_scope(), UsageSource.WEB, None, "en")
    return _add_attachment(
        request,
        workspace_id=get_chat_workspace_id(requester, gpt, asked=request.POST.get("workspace", "")),
        conversation=None,
        check_reads_images=lambda: reads_images(get_usable_model(gpt, version)),
    )


@login_required
@require_POST
def attachment_add(request: HttpRequest, conversation_id: UUID) -> HttpResponseBase:
    person = person_of(request)
    conversation = access_conversation_to_continue(person, conversation_id)
    recheck_chat(person, conversation.gpt, is_draft=conversation.version_id is None)
    return _add_attachment(
        request,
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        check_reads_images=lambda: model_reads_images(conversation),
    )


@login_required
@require_GET
def attachment_show(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    """The state of a file, for its chip in the composer."""
    person = person_of(request)
    return JsonResponse(build_chip(access_attachment(person, attachment_id), person))


@login_required
@require_POST
def attachment_remove(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    attachment = access_attachment(person_of(request), attachment_id)
    try:
        remove_attachment(attachment=attachment)
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    return JsonResponse({"id": str(attachment_id)})


@login_required
@require_GET
def attachment_file(request: HttpRequest, attachment_id: UUID) -> HttpResponse:
    return build_file_response(
        access_attachment(person_of(request), attachment_id), as_download="download" in request.GET
    )


def build_file_response(attachment: Attachment, *, as_download: bool) -> HttpResponse:
    """Return the stored bytes. Only pictures, which we re-encoded, may be displayed by the browser."""
    try:
        with default_storage.open(attachment.storage_key) as stored:
            data = stored.read()
    except FileNotFoundError:
        raise NotFound(_("There is no such file."), code="attachment_not_found") from None
    is_picture = attachment.kind == AttachmentKind.IMAGE
    media_type = attachment.media_type if is_picture else "application/octet-stream"
    response = HttpResponse(data, content_type=media_type)
    disposition = content_disposition_header(as_download or not is_picture, attachment.name)
    response.headers["Content-Disposition"] = disposition or "attachment"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def build_chip(attachment: Attachment, person: User) -> dict[str, Any]:
    """Build what the chip of a file in the composer shows. No query."""
    payer = get_user_roles(person).membership_in(attachment.workspace_id)
    return {
        "id": str(attachment.pk),
        "name": attachment.name,
        "kind": attachment.kind,
        "size": attachment.size,
        "state": attachment.state,
        "failure": describe_failure(attachment.failure),
        # A message that counts for another workspace cannot have it.
        "workspace": "" if payer is None else payer.slug,
        "remarks": [remark.text for remark in describe_remarks(attachment.remarks)],
        "url": reverse("gpts:attachment-file", args=[attachment.pk]),
    }


def model_reads_images(conversation: Conversation) -> bool:
    """Whether the model that answers next in a conversation reads pictures."""
    chosen = conversation.language_model
    return reads_images(get_usable_model(conversation.gpt, conversation.version, chosen=chosen))


def get_attachment_options(
    gpt: GPT, version: Version | None, conversation: Conversation | None, *, is_draft: bool = False
) -> dict[str, Any]:
    """Build the upload options of the composer: URL, accepted types, limits, whether pictures are read."""
    chosen = conversation.language_model if conversation else None
    can_read_images = reads_images(get_usable_model(gpt, version, chosen=chosen))
    url = (
        reverse("gpts:attachment-add", args=[conversation.pk])
        if conversation
        else reverse("gpts:attachment-add-first", args=[gpt.slug]) + ("?draft=1" if is_draft else "")
    )
    return {
        "url": url,
        "accept": ",".join([*(IMAGE_EXTENSIONS if can_read_images else ()), list_accepted()]),
        "limit": settings.CHAT_ATTACHMENTS_PER_MESSAGE,
        "bytes": settings.CHAT_ATTACHMENT_BYTES,
        "reads_images": can_read_images,
    }


def parse_file_ids(fields: QueryDict) -> list[UUID]:
    """Parse the ids of files in a message's form."""
    return parse_ids(fields.getlist("attachments"))


def parse_ids(values: list[Any]) -> list[UUID]:
    """Parse ids; an invalid one raises the same error as an unknown one."""
    try:
        return [UUID(value) for value in values[:MAX_IDENTIFIERS]]
    except (ValueError, AttributeError, TypeError):
        raise UnknownAttachment(
            _("One of these files is not there any more. Add it again."),
            code="attachment_not_found",
            field="attachments",
        ) from None


def _add_attachment(
    request: HttpRequest,
    *,
    workspace_id: int,
    conversation: Conversation | None,
    check_reads_images: Callable[[], bool],
) -> HttpResponseBase:
    try:
        upload = request.FILES.get("file")
        if not isinstance(upload, UploadedFile):
            raise InvalidInput(_("Choose a file first."), code="required", field="file")
        attachment = add_attachment(
            upload=upload,
            workspace_id=workspace_id,
            conversation=conversation,
            reads_images=check_reads_images(),
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return JsonResponse(error_body(error), status=error.status)
    return JsonResponse(build_chip(attachment, person_of(request)), status=201)
