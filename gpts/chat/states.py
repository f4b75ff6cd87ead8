"""Choices of chats: message roles, kinds of attachments, reasons of feedback, break-glass access."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AttachmentKind(TextChoices):
    IMAGE = "image", _("Image")
    DOCUMENT = "document", _("Document")


class FeedbackReason(TextChoices):
    """Why an answer was bad; choices instead of free text, so that builders can count them."""

    NONE = "", _("No reason")
    WRONG = "wrong", _("Not correct")
    INCOMPLETE = "incomplete", _("Incomplete")
    NOT_FOLLOWED = "not_followed", _("Did not follow instructions")
    NO_SOURCE = "no_source", _("Sources missing or wrong")
    STYLE = "style", _("Style or language")
    UNSAFE = "unsafe", _("Unsafe or offensive")
    OTHER = "other", _("Something else")


class ContentAccessState(TextChoices):
    """Break-glass access to somebody's conversations; an opened one also ends by its time."""

    REQUESTED = "requested", _("Waiting for a second person")
    OPENED = "opened", _("Open")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    ENDED = "ended", _("Closed")


class MessageRole(TextChoices):
    USER = "user", _("You")
    ASSISTANT = "assistant", _("Assistant")
