"""The closed sets of this floor: categories, audiences, states of turns."""

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
    """For whom a version is live; a GPT has at most one live version for each."""

    WORKSPACE = "workspace", _("Everyone in the workspace")
    LINK = "link", _("Anyone with the link")
    PUBLIC = "public", _("The public store")


class Capability(TextChoices):
    FILE_SEARCH = "file_search", _("Answers from its knowledge")
    WEB_SEARCH = "web_search", _("Web search")
    CODE = "code", _("Runs code")
    IMAGE_GENERATION = "image_generation", _("Makes images")
    VISION = "vision", _("Reads images")


class ProviderKind(TextChoices):
    RESPONSES = "responses", _("OpenAI Responses")
    CHAT_COMPLETIONS = "chat_completions", _("OpenAI Chat Completions")
    OFFLINE = "offline", _("Built in, offline")


class TurnState(TextChoices):
    RUNNING = "running", _("Answering")
    FINISHED = "finished", _("Finished")
    STOPPED = "stopped", _("Stopped by the reader")
    FAILED = "failed", _("Failed")
    INTERRUPTED = "interrupted", _("Interrupted")


ENDED_TURN_STATES = (TurnState.FINISHED, TurnState.STOPPED, TurnState.FAILED, TurnState.INTERRUPTED)
# What the provider was paid for is metered; what failed is not paid to anyone.
METERED_TURN_STATES = (TurnState.FINISHED, TurnState.STOPPED)


class MessageRole(TextChoices):
    USER = "user", _("You")
    ASSISTANT = "assistant", _("Assistant")


class UsageSource(TextChoices):
    WEB = "web", _("Web")
    API = "api", _("API")
    IMPORT = "import", _("Import")
    SEED = "seed", _("Demo data")


class FileState(TextChoices):
    WAITING = "waiting", _("Waiting")
    EXTRACTING = "extracting", _("Reading")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
