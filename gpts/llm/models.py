"""Model providers and their language models."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from core.outbound_purposes import Purpose
from gpts.llm.built_in import get_shown_label
from gpts.llm.states import Capability, ModelFeature, ModelKind, ProviderKind, SearchMode
from workspaces.models import Workspace


class ModelProvider(models.Model):
    """An endpoint with one protocol, of a workspace, or of the instance (no workspace)."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, null=True, blank=True, related_name="model_providers"
    )
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=ProviderKind.choices)
    base_url = models.URLField(max_length=300, blank=True)
    # Encrypted by core.secrets for this row; empty for endpoints that need no key.
    sealed_key = models.TextField(blank=True)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"], name="gpts_provider_name", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        return get_shown_label(self.name)

    @property
    def purpose(self) -> Purpose:
        """Why this server calls its address: the guard trusts the operator's own providers further."""
        return Purpose.INSTANCE_PROVIDER if self.workspace_id is None else Purpose.WORKSPACE_PROVIDER


class LanguageModel(models.Model):
    """One model of a provider. Prices are micro-units of the instance's currency per million tokens."""

    provider = models.ForeignKey(ModelProvider, on_delete=models.CASCADE, related_name="models")
    name = models.CharField(max_length=120)
    label = models.CharField(max_length=80)
    context_window = models.PositiveIntegerField()
    max_output_tokens = models.PositiveIntegerField()
    input_price_micros = models.BigIntegerField(default=0)
    output_price_micros = models.BigIntegerField(default=0)
    capabilities = ArrayField(
        models.CharField(max_length=20, choices=Capability.choices), default=list, blank=True
    )
    kind = models.CharField(max_length=10, choices=ModelKind.choices, default=ModelKind.CHAT)
    features = ArrayField(
        models.CharField(max_length=20, choices=ModelFeature.choices), default=list, blank=True
    )
    # Length of an embedding's vector; only embedding models have one.
    dimensions = models.PositiveIntegerField(null=True, blank=True)
    # What an embeddings server turned out to take: texts in one request, tokens (estimated) of one text.
    batch_texts = models.PositiveSmallIntegerField(null=True, blank=True)
    text_tokens = models.PositiveIntegerField(null=True, blank=True)
    # Why the last batch of passages failed and when; empty once one succeeds.
    embedding_failure = models.CharField(max_length=60, blank=True)
    embedding_failed_at = models.DateTimeField(null=True, blank=True)
    # Seconds until the first word, without a sign of life, and for a whole answer; null: the instance's.
    first_token_seconds = models.PositiveIntegerField(null=True, blank=True)
    silence_seconds = models.PositiveIntegerField(null=True, blank=True)
    answer_seconds = models.PositiveIntegerField(null=True, blank=True)
    is_default = models.BooleanField(default=False)
    # By name of a ModelOption, an OptionChoice other than automatic.
    option_choices = models.JSONField(default=dict, blank=True)
    # What answers have shown; its parts are described in gpts.llm.services.learning.
    learned = models.JSONField(default=dict, blank=True)
    # The context window and the longest answer are what we assume of a model that is known by name alone.
    is_size_assumed = models.BooleanField(default=False)
    # From this time on the model answers nobody; announced to owners when it is in the future.
    retired_at = models.DateTimeField(null=True, blank=True)
    # When owners were reminded, shortly before; makes the job that reminds them idempotent.
    reminded_at = models.DateTimeField(null=True, blank=True)
    replacement = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replaces"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="gpts_model_name"),
            models.UniqueConstraint(
                fields=["provider"], condition=models.Q(is_default=True), name="gpts_model_one_default"
            ),
            models.CheckConstraint(
                condition=models.Q(input_price_micros__gte=0, output_price_micros__gte=0),
                name="gpts_model_prices",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=ModelKind.CHAT, dimensions__isnull=True)
                | models.Q(kind=ModelKind.EMBEDDING, dimensions__gte=1, dimensions__lte=4_000),
                name="gpts_model_dimensions",
            ),
        ]

    def __str__(self) -> str:
        return self.shown_label

    @property
    def shown_label(self) -> str:
        return get_shown_label(self.label)


class FailedCall(models.Model):
    """A failure that a model's provider caused, with its own words, for those who administer the model.

    The same failure again is counted on its row.
    """

    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="failed_calls")
    # A gpts.llm.runtime.types.FailureCode.
    code = models.CharField(max_length=40)
    # Of HTTP; empty for a failure without a response, or inside one.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    # Scrubbed of keys and of what it quotes (gpts.llm.runtime.scrubbing).
    provider_text = models.CharField(max_length=600, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "code", "status", "provider_text"],
                name="gpts_failedcall_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=models.Q(count__gte=1), name="gpts_failedcall_count"),
        ]
        indexes = [models.Index(fields=["model", "-last_at"], name="gpts_failedcall_newest")]

    def __str__(self) -> str:
        return f"{self.code} ×{self.count}"


class SemanticSearch(models.Model):
    """The operator's choice of how to search by meaning: one row; without it the mode is automatic."""

    mode = models.CharField(max_length=12, choices=SearchMode.choices, default=SearchMode.AUTOMATIC)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="gpts_search_once")]

    def __str__(self) -> str:
        return self.mode
