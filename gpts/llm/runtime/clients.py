"""Chooses the client for a model's protocol."""

from __future__ import annotations

from gpts.llm.runtime.offline import OfflineClient
from gpts.llm.runtime.openai_clients import ChatCompletionsClient, ResponsesClient
from gpts.llm.runtime.types import ModelAPI, ModelClient, ModelSpec


def build_client(spec: ModelSpec) -> ModelClient:
    if spec.api == ModelAPI.OFFLINE:
        return OfflineClient()
    if spec.api == ModelAPI.CHAT_COMPLETIONS:
        return ChatCompletionsClient()
    return ResponsesClient()
