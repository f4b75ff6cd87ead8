"""Timeouts of the model: the operator's settings, as the runtime gets them."""

from __future__ import annotations

from typing import Any

from gpts.chat.services.turn_inputs import build_model_spec
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import ProviderKind


def test_the_runtime_uses_the_timeouts_of_the_settings(settings: Any) -> None:
    settings.MODEL_FIRST_TOKEN_SECONDS = 7.5
    settings.MODEL_IDLE_SECONDS = 2.25
    provider = ModelProvider(name="Ours", kind=ProviderKind.RESPONSES, base_url="http://127.0.0.1:9/v1")
    model = LanguageModel(provider=provider, name="m", context_window=8_000, max_output_tokens=100)

    spec = build_model_spec(model)

    assert (spec.first_token_timeout, spec.idle_timeout) == (7.5, 2.25)


def test_a_models_own_limits_come_first(settings: Any) -> None:
    settings.MODEL_ANSWER_SECONDS = 900.0
    provider = ModelProvider(name="Ours", kind=ProviderKind.RESPONSES, base_url="http://127.0.0.1:9/v1")
    limits = {"first_token_seconds": 300, "silence_seconds": 120}
    model = LanguageModel(provider=provider, name="m", context_window=8_000, max_output_tokens=100, **limits)

    spec = build_model_spec(model)

    assert (spec.first_token_timeout, spec.idle_timeout, spec.answer_timeout) == (300, 120, 900.0)
