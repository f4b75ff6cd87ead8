"""Model providers and models of workspaces and of the instance, created by the services."""
# mypy: disable-error-code="no-untyped-call"
# (the declarations of factory_boy have no annotations)

from __future__ import annotations

from typing import Any

from factory.base import Factory
from factory.declarations import Sequence

from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.catalogue import ProviderChange, add_model, create_provider
from tests.support.times import NOW
from workspaces.models import User, Workspace

CANARY = "sk-canary-8842-quillwort"
ADDRESS = "https://models.example.com/v1"


class ProviderFactory(Factory[ModelProvider]):
    """A provider whose key is CANARY: of ``workspace``, or of the instance. Name ``by``."""

    class Meta:
        model = ModelProvider

    workspace: Workspace | None = None
    name = Sequence(lambda number: f"Provider {number}")
    kind = "chat_completions"
    base_url = ADDRESS
    key = CANARY
    at = NOW

    @classmethod
    def _create(cls, model_class: type[ModelProvider], *args: Any, **fields: Any) -> ModelProvider:
        change = ProviderChange(*(fields.pop(name) for name in ("name", "kind", "base_url", "key")))
        return create_provider(change=change, **fields)


class LanguageModelFactory(Factory[LanguageModel]):
    """A model of ``provider``; other fields are the values of the model's form. Name ``by``."""

    class Meta:
        model = LanguageModel

    name = Sequence(lambda number: f"model-{number}")

    @classmethod
    def _create(cls, model_class: type[LanguageModel], *args: Any, **fields: Any) -> LanguageModel:
        provider: ModelProvider = fields.pop("provider")
        by: User = fields.pop("by")
        return add_model(provider=provider, values=fields, by=by, at=NOW)
