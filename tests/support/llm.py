"""Model providers and models of workspaces and of the instance."""

from __future__ import annotations

from itertools import count
from typing import Any

from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.catalogue import ProviderChange, add_model, create_provider
from tests.support.gpts import NOW
from workspaces.models import User, Workspace

CANARY = "sk-canary-8842-quillwort"
ADDRESS = "https://models.example.com/v1"
_numbers = count(1)


def create_model_provider(
    by: User, workspace: Workspace | None = None, *, url: str = ADDRESS, kind: str = "chat_completions"
) -> ModelProvider:
    change = ProviderChange(f"Provider {next(_numbers)}", kind, url, CANARY)
    return create_provider(workspace=workspace, change=change, by=by, at=NOW)


def create_language_model(by: User, provider: ModelProvider, name: str = "", **values: Any) -> LanguageModel:
    name = name or f"model-{next(_numbers)}"
    return add_model(provider=provider, values={"name": name, **values}, by=by, at=NOW)
