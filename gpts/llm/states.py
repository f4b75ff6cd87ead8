"""Choices of models and providers, and the states of a turn."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Capability(TextChoices):
    FILE_SEARCH = "file_search", _("Answers from its knowledge")
    WEB_SEARCH = "web_search", _("Web search")
    CODE = "code", _("Runs code")
    IMAGE_GENERATION = "image_generation", _("Makes images")
    VISION = "vision", _("Reads images")


class ModelKind(TextChoices):
    CHAT = "chat", _("Answers")
    EMBEDDING = "embedding", _("Embeddings for retrieval")


class SearchMode(TextChoices):
    """How the instance searches by meaning; a workspace's own embeddings model comes before its models."""

    AUTOMATIC = "automatic", _("The provider's embeddings model, else the built-in one")
    BUILT_IN = "built_in", _("The built-in model")
    FULL_TEXT = "full_text", _("Words alone")


class ModelFeature(TextChoices):
    """What a model supports besides text; settings that need a missing feature are hidden."""

    TEMPERATURE = "temperature", _("Temperature")
    SEED = "seed", _("Seed")
    JSON_MODE = "json_mode", _("JSON mode")
    JSON_SCHEMA = "json_schema", _("JSON schema")
    TOOLS = "tools", _("Function calls")
    PARALLEL_TOOLS = "parallel_tools", _("Parallel function calls")


class OptionChoice(TextChoices):
    """Whether an option of a request is sent to a model."""

    AUTOMATIC = "automatic", _("Sent until the server refuses it")
    SENT = "sent", _("Always sent")
    OMITTED = "omitted", _("Never sent")


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


# The provider was paid for these, so they are metered. Failed turns earn nobody anything.
METERED_TURN_STATES = (TurnState.FINISHED, TurnState.STOPPED)


class FinishReason(TextChoices):
    """Why a finished answer ends; the model's limit has cut one of LENGTH."""

    UNKNOWN = "", _("Not known")
    STOP = "stop", _("The model ended it")
    LENGTH = "length", _("The model's limit")


class ModelChoice(TextChoices):
    """Which models a chat user may choose; the GPT's own model is the recommended one."""

    FIXED = "fixed", _("Only the recommended model")
    LISTED = "listed", _("The recommended model and those listed")
    ANY = "any", _("Every model that is offered")
