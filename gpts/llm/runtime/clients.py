"""Which client speaks for which model."""

from __future__ import annotations

from .offline import OfflineClient
from .openai_clients import ChatCompletionsClient, ResponsesClient
from .types import ModelAPI, ModelClient, ModelSpec


def client_for(spec: ModelSpec) -> ModelClient:
    if spec.api == ModelAPI.OFFLINE:
        return OfflineClient()
    if spec.api == ModelAPI.CHAT_COMPLETIONS:
        return ChatCompletionsClient()
    return ResponsesClient()
