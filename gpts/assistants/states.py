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
    """Who a version is live for; a GPT has at most one live version for each audience."""

    WORKSPACE = "workspace", _("Everyone in the workspace")
    LINK = "link", _("Anyone with the link")
    PUBLIC = "public", _("The public store")


class OutputFormat(TextChoices):
    TEXT = "text", _("Text")
    JSON = "json", _("JSON")
    JSON_SCHEMA = "json_schema", _("JSON that follows a schema")
