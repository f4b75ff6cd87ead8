"""Choices of a GPT: categories, audiences, answer formats."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Category(TextChoices):
    WRITING = "writing", _("Writing")
    PRODUCTIVITY = "productivity", _("Productivity")
    RESEARCH = "research-analysis", _("Research & Analysis")
    PROGRAMMING = "programming", _("Programming")
    EDUCATION = "education", _("Education")
    LIFESTYLE = "lifestyle", _("Lifestyle")
    OTHER = "other", _("Other")


class Audience(TextChoices):
    """Who a version is live for; a GPT has at most one live version for each audience.

    SHARED are the people and groups of its shares; UNLISTED the members of its workspace, who find it by its
    address only.
    """

    SHARED = "shared", _("People and groups you choose")
    UNLISTED = "unlisted", _("Anyone in the workspace with the link")
    WORKSPACE = "workspace", _("Everyone in the workspace")
    LINK = "link", _("Anyone with the link")
    PUBLIC = "public", _("The public store")


# Audiences of members of the GPT's workspace, and those that anybody may belong to.
MEMBER_AUDIENCES = (Audience.WORKSPACE, Audience.UNLISTED)
OPEN_AUDIENCES = (Audience.PUBLIC, Audience.LINK)
# Which live version answers a person who belongs to several audiences: the narrowest one's.
AUDIENCE_ORDER = (Audience.SHARED, *MEMBER_AUDIENCES, *OPEN_AUDIENCES)


class ShareRight(TextChoices):
    """What a share lets people do; each right includes those before it."""

    CHAT = "chat", _("Can chat")
    VIEW = "view", _("Can view settings")
    EDIT = "edit", _("Can edit")


class OutputFormat(TextChoices):
    TEXT = "text", _("Text")
    JSON = "json", _("JSON")
    JSON_SCHEMA = "json_schema", _("JSON that follows a schema")
