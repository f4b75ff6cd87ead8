"""From a GPT's settings to what its model is asked: unsupported settings are left out, never sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gpts.assistants.models import GPT, Version
from gpts.assistants.states import OutputFormat
from gpts.llm.catalogue import features_of, tools_of
from gpts.llm.models import LanguageModel
from gpts.llm.runtime.types import OutputSpec
from gpts.llm.states import Capability, ModelFeature


@dataclass(frozen=True)
class ModelSettings:
    """The part of a TurnInput that comes from the settings; as_input gives its keyword arguments."""

    temperature: float | None
    seed: int | None
    output: OutputSpec | None
    parallel_tool_calls: bool
    provider_tools: tuple[str, ...]

    def as_input(self) -> dict[str, Any]:
        return {
            "temperature": self.temperature,
            "seed": self.seed,
            "output": self.output,
            "parallel_tool_calls": self.parallel_tool_calls,
            "provider_tools": self.provider_tools,
        }


def get_model_settings(behaviour: GPT | Version, model: LanguageModel | None) -> ModelSettings:
    """The settings that ``model`` understands. JSON output stays asked for in any case, by prompt alone where
    the model has no mode for it: the answer is validated all the same."""
    features = features_of(model)
    has = features.__contains__
    temperature = behaviour.temperature
    return ModelSettings(
        temperature=float(temperature) if temperature is not None and has(ModelFeature.TEMPERATURE) else None,
        seed=behaviour.seed if has(ModelFeature.SEED) else None,
        output=build_output_spec(behaviour, features),
        parallel_tool_calls=behaviour.parallel_tool_calls or not has(ModelFeature.PARALLEL_TOOLS),
        provider_tools=tuple(tool for tool in tools_of(model) if tool in behaviour.capabilities),
    )


def build_output_spec(behaviour: GPT | Version, features: frozenset[str]) -> OutputSpec | None:
    if behaviour.output_format == OutputFormat.JSON_SCHEMA and behaviour.output_schema:
        return OutputSpec(
            "json_schema", behaviour.output_schema, is_native=ModelFeature.JSON_SCHEMA in features
        )
    if behaviour.output_format == OutputFormat.TEXT:
        return None
    return OutputSpec("json", is_native=ModelFeature.JSON_MODE in features)


def accepts_images(model: LanguageModel | None) -> bool:
    return model is not None and Capability.VISION in model.capabilities


def list_ignored_settings(behaviour: GPT | Version, model: LanguageModel | None) -> list[str]:
    """The names of settings that are set and have no effect with ``model``, for hints beside them."""
    features = features_of(model)
    wanted = {
        "temperature": behaviour.temperature is not None and ModelFeature.TEMPERATURE not in features,
        "seed": behaviour.seed is not None and ModelFeature.SEED not in features,
        "parallel_tool_calls": not behaviour.parallel_tool_calls
        and ModelFeature.PARALLEL_TOOLS not in features,
        "output_format": behaviour.output_format != OutputFormat.TEXT
        and not _has_native_output(behaviour, features),
    }
    return [name for name, is_ignored in wanted.items() if is_ignored]


def _has_native_output(behaviour: GPT | Version, features: frozenset[str]) -> bool:
    spec = build_output_spec(behaviour, features)
    return spec is None or spec.is_native
