"""Model providers and models of a workspace in its export, without keys."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gpts.llm.models import LanguageModel, ModelProvider
from workspaces.exports import ExportPart, Table, columns

PART = ExportPart(
    steps=(
        Table(
            "models/providers.jsonl",
            _("Model providers, without keys"),
            lambda workspace: ModelProvider.objects.filter(workspace=workspace),
            columns("id", "name", "kind", "base_url", "is_enabled", "created_at"),
        ),
        Table(
            "models/models.jsonl",
            _("Their models and prices"),
            lambda workspace: LanguageModel.objects.filter(provider__workspace=workspace),
            columns(
                "id",
                "provider_id",
                "name",
                "label",
                "kind",
                "context_window",
                "max_output_tokens",
                "input_price_micros",
                "output_price_micros",
                "capabilities",
                "features",
                "dimensions",
                "first_token_seconds",
                "silence_seconds",
                "answer_seconds",
                "is_default",
                "option_choices",
                "is_size_assumed",
                "retired_at",
                "replacement_id",
            ),
        ),
    )
)
