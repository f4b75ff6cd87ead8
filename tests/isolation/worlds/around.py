"""An attachment without a message and a share link of the owner's conversation."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from gpts.chat.models import Conversation
from gpts.chat.services.attachments import add_attachment
from gpts.chat.services.share_links import create_share_link


def build(world: Any) -> None:
    owner, now = world.people["owner"], timezone.now()
    conversation = Conversation.objects.get(pk=world.ids["conversation"])
    attachment = add_attachment(
        upload=SimpleUploadedFile("plan.txt", b"The secret plan names mirelbane."),
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        reads_images=False,
        by=owner,
        at=now,
    )
    share = create_share_link(conversation=conversation, by=owner, at=now)
    world.ids |= {"attachment": attachment.pk, "share_token": share.token}
