"""The closed sets of this floor: categories, audiences, states of turns."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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


class ModelKind(TextChoices):
    CHAT = "chat", _("Answers")
    EMBEDDING = "embedding", _("Embeddings for retrieval")


class ModelFeature(TextChoices):
    """What a model understands beside text; a setting that needs one is hidden where it is missing."""

    TEMPERATURE = "temperature", _("Temperature")
    SEED = "seed", _("Seed")
    JSON_MODE = "json_mode", _("JSON mode")
    JSON_SCHEMA = "json_schema", _("JSON schema")
    TOOLS = "tools", _("Function calls")
    PARALLEL_TOOLS = "parallel_tools", _("Parallel function calls")


class OutputFormat(TextChoices):
    TEXT = "text", _("Text")
    JSON = "json", _("JSON")
    JSON_SCHEMA = "json_schema", _("JSON that follows a schema")


class ModelChoice(TextChoices):
    """Which models a person may choose in the chat; the GPT's own one is the recommendation."""

    FIXED = "fixed", _("Only the recommended model")
    LISTED = "listed", _("The recommended model and those listed")
    ANY = "any", _("Every model that is offered")


class AttachmentKind(TextChoices):
    IMAGE = "image", _("Image")
    DOCUMENT = "document", _("Document")


class FeedbackReason(TextChoices):
    """Why an answer was good or bad; a closed set, so that figures need no reading."""

    NONE = "", _("No reason")
    WRONG = "wrong", _("Not correct")
    INCOMPLETE = "incomplete", _("Incomplete")
    NOT_FOLLOWED = "not_followed", _("Did not follow instructions")
    NO_SOURCE = "no_source", _("Sources missing or wrong")
    STYLE = "style", _("Style or language")
    UNSAFE = "unsafe", _("Unsafe or offensive")
    OTHER = "other", _("Something else")


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


class BuilderChangeState(TextChoices):
    """What became of a change that the Create conversation proposed."""

    APPLIED = "applied", pgettext_lazy("change of the draft", "Changed")
    UNDONE = "undone", _("Undone")
    REFUSED = "refused", _("Refused")


class ReadingStage(TextChoices):
    """What is being done to a document whose state is EXTRACTING."""

    NONE = "", _("Waiting")
    FETCHING = "fetching", _("Preparing")
    READING = "reading", _("Reading")
    INDEXING = "indexing", _("Indexing")


class BudgetSubject(TextChoices):
    """Whose use a budget counts; with ``is_each`` every person has a count of their own."""

    PERSON = "person", _("People")
    GROUP = "group", _("A group")
    GPT = "gpt", _("A GPT")
    WORKSPACE = "workspace", _("The whole workspace")


class BudgetMeasure(TextChoices):
    COST = "cost_micros", _("Cost")
    TOKENS = "tokens", _("Tokens")
    TURNS = "turns", _("Answers")


class BudgetWindow(TextChoices):
    """Windows stand on UTC: a day ends at midnight UTC, a month with its last day."""

    MINUTE = "minute", _("Minute")
    HOUR = "hour", _("Hour")
    DAY = "day", _("Day")
    MONTH = "month", pgettext_lazy("window of a budget", "Month")


class InsightSeries(TextChoices):
    """What insights count; each has periods of its own, as long as five people need to appear."""

    USE = "use", _("Use")
    OUTCOME = "outcome", _("Failures")
    ANSWERED = "answered", _("Unanswered questions")
    WORDS = "words", _("Words of unanswered questions")
    THUMBS = "thumbs", _("Thumbs")
