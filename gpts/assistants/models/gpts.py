"""A GPT with its draft, its frozen versions, and which of them is live for whom."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.min_group import MIN_GROUP, show_figure
from gpts.assistants.states import Audience, Category, OutputFormat
from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability, ModelChoice
from workspaces.models import Workspace

NAME_LENGTH = 50
DESCRIPTION_LENGTH = 300
INSTRUCTIONS_LENGTH = 8_000
STARTER_LENGTH = 200
STARTER_COUNT = 8
NO_ANSWER_LENGTH = 300
# In ``last_used_date`` of a GPT that nobody of its workspace has used; a value, so that lists sort by it.
NEVER_USED = date(1970, 1, 1)


class Behaviour(models.Model):
    """Everything that shapes how a GPT looks and answers: the columns that draft and versions share."""

    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    description = models.CharField(_("description"), max_length=DESCRIPTION_LENGTH, blank=True)
    instructions = models.TextField(_("instructions"), max_length=INSTRUCTIONS_LENGTH, blank=True)
    starters = ArrayField(models.CharField(max_length=STARTER_LENGTH), default=list, blank=True)
    category = models.CharField(
        _("category"), max_length=20, choices=Category.choices, default=Category.OTHER
    )
    # Storage key of the re-encoded image ("icons/<sha256>.webp"); empty shows the name's first letter.
    icon = models.CharField(max_length=100, blank=True)
    language_model = models.ForeignKey(
        LanguageModel, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    capabilities = ArrayField(
        models.CharField(max_length=20, choices=Capability.choices), default=list, blank=True
    )
    temperature = models.DecimalField(
        max_digits=3,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(2)],
    )

    # Makes sampling repeatable where the model supports it (ModelFeature.SEED).
    seed = models.BigIntegerField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(2**31 - 1)]
    )
    output_format = models.CharField(max_length=12, choices=OutputFormat.choices, default=OutputFormat.TEXT)
    # A JSON Schema object, used with OutputFormat.JSON_SCHEMA.
    output_schema = models.JSONField(null=True, blank=True)
    parallel_tool_calls = models.BooleanField(default=True)
    model_choice = models.CharField(max_length=10, choices=ModelChoice.choices, default=ModelChoice.ANY)
    # Names of LanguageModel, used with ModelChoice.LISTED; names survive a replaced row.
    allowed_models = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    # When no passage fits the question, no_answer_text is the answer.
    answers_only_from_knowledge = models.BooleanField(default=False)
    no_answer_text = models.CharField(max_length=NO_ANSWER_LENGTH, blank=True)

    class Meta:
        abstract = True


BLOCK_REASON_LENGTH = 300


class GPT(Behaviour):
    """A GPT. Its own columns are the draft; rows are never removed, so slugs are never reused."""

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="gpts")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gpts")
    slug = models.SlugField(max_length=80, unique=True)
    # The provisional address that ``slug`` replaced; it keeps leading here.
    former_slug = models.SlugField(max_length=80, unique=True, null=True, editable=False)  # noqa: DJ001  # unique
    # When the address was chosen or the GPT first shared; null while it is provisional.
    address_settled_at = models.DateTimeField(null=True)
    # For optimistic locking: rises with each saved draft, and saving names the revision that was read.
    draft_revision = models.PositiveIntegerField(default=1)
    conversation_count = models.PositiveBigIntegerField(default=0)
    # Whether MIN_GROUP people besides the owner have had one, from when on the count is shown.
    has_min_group = models.BooleanField(default=False)
    # Different members of its workspace who used it in the last 28 days; a nightly job counts them.
    recent_members = models.PositiveIntegerField(default=0, db_default=0)
    # What its workspace paid for it in the last 28 days, and the last day (UTC); an hourly job adds it up.
    recent_answers = models.PositiveBigIntegerField(default=0, db_default=0)
    recent_cost_micros = models.BigIntegerField(default=0, db_default=0)
    last_used_date = models.DateField(default=NEVER_USED, db_default=NEVER_USED)
    # Kept by the database: whether there are shares, so that a chat looks for them only then.
    has_shares = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    quarantined_at = models.DateTimeField(null=True, blank=True)
    # An admin took it out of its company's store, for members and guests; they and its owner read the reason.
    blocked_at = models.DateTimeField(null=True, blank=True)
    block_reason = models.CharField(max_length=BLOCK_REASON_LENGTH, blank=True, db_default="")
    deleted_at = models.DateTimeField(null=True, blank=True)
    # Draft and versions were emptied with the account or workspace; the row stays for usage and decisions.
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "GPT"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(blocked_at__isnull=True, block_reason="")
                | (models.Q(blocked_at__isnull=False) & ~models.Q(block_reason="")),
                name="gpts_gpt_block_has_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-updated_at", "-id"], name="gpts_gpt_owner"),
            models.Index(fields=["workspace", "-updated_at", "-id"], name="gpts_gpt_workspace"),
            # The orders of the table of a workspace's GPTs (gpts.assistants.gpt_filters).
            models.Index(
                fields=["workspace", "name", "id"],
                condition=models.Q(deleted_at__isnull=True),
                name="gpts_gpt_by_name",
            ),
            models.Index(
                fields=["workspace", "-recent_answers", "-id"],
                condition=models.Q(deleted_at__isnull=True),
                name="gpts_gpt_by_answers",
            ),
            models.Index(
                fields=["workspace", "-recent_cost_micros", "-id"],
                condition=models.Q(deleted_at__isnull=True),
                name="gpts_gpt_by_cost",
            ),
            models.Index(
                fields=["workspace", "-last_used_date", "-id"],
                condition=models.Q(deleted_at__isnull=True),
                name="gpts_gpt_by_use",
            ),
            models.Index(
                fields=["workspace", "-created_at", "-id"],
                condition=models.Q(deleted_at__isnull=True),
                name="gpts_gpt_by_age",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_conversations(self) -> int | None:
        """The number of conversations, None while too few people have had them."""
        return show_figure(self.conversation_count, people=MIN_GROUP if self.has_min_group else 0)

    @property
    def shown_members(self) -> int | None:
        """The number of members who used it lately, None while they are too few."""
        return show_figure(self.recent_members, people=self.recent_members)

    @property
    def last_used(self) -> date | None:
        """The last day on which its workspace paid for it, None for never."""
        return None if self.last_used_date == NEVER_USED else self.last_used_date


class Version(Behaviour):
    """An immutable snapshot; the database refuses to change or delete it."""

    gpt = models.ForeignKey(GPT, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    # Copied: renaming a model later must not change what was reviewed.
    model_name = models.CharField(max_length=120, blank=True)
    knowledge_hashes = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    content_hash = models.CharField(max_length=64)
    release_notes = models.TextField(max_length=2_000, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gpt", "number"], name="gpts_version_number"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.number}"


class LiveVersion(models.Model):
    """The version that is live for an audience; without a row the audience has none."""

    gpt = models.ForeignKey(GPT, on_delete=models.CASCADE, related_name="live_versions")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="live_for")
    since = models.DateTimeField()
    # While a rule of the workspace's sharing policy refuses this audience to the GPT's owner.
    is_paused = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gpt", "audience"], name="gpts_liveversion_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} live for {self.audience}"


class PrivateListing(models.Model):
    """A GPT that is live for all members of its workspace: a row of their private store's list.

    Triggers keep it (migration 0040): there is a row exactly while a version is live for the audience
    ``workspace`` and the GPT is neither deleted nor quarantined. The list and its search read this table
    alone, whose policy asks for the workspace and nothing else.
    """

    gpt = models.OneToOneField(GPT, on_delete=models.CASCADE, related_name="+")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    recent_members = models.PositiveIntegerField()
    since = models.DateTimeField()
    # Of the live version; what it changes more often is the GPT's.
    name = models.CharField(max_length=NAME_LENGTH)
    description = models.CharField(max_length=DESCRIPTION_LENGTH)
    icon = models.CharField(max_length=100)
    category = models.CharField(max_length=20, choices=Category.choices)
    # Name and description, each on a line of its own, in capital letters: what the search reads.
    text = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-recent_members", "-gpt"], name="gpts_privatelisting_order")
        ]

    def __str__(self) -> str:
        return f"{self.gpt_id} in {self.workspace_id}"
