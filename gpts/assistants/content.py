"""The content of a draft or version: everything that shapes how a GPT looks and answers, and its hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import gpt_workspace_scope

# Columns that freezing, restoring and duplicating copy.
BEHAVIOUR_FIELDS = (
    "name",
    "description",
    "instructions",
    "starters",
    "category",
    "icon",
    "language_model",
    "capabilities",
    "temperature",
    "seed",
    "output_format",
    "output_schema",
    "parallel_tool_calls",
    "model_choice",
    "allowed_models",
    "answers_only_from_knowledge",
    "no_answer_text",
)


def build_content(source: GPT | Version, *, knowledge_hashes: list[str]) -> dict[str, Any]:
    """Return everything that shapes how a GPT looks and answers, as canonical plain data.

    A model counts by its name, not its row: the same model behind a replaced provider row is the same.
    """
    model_name = source.model_name if isinstance(source, Version) else get_draft_model_name(source)
    temperature = source.temperature
    return {
        "schema": 2,
        "name": source.name,
        "description": source.description,
        "instructions": source.instructions,
        "starters": list(source.starters),
        "category": source.category,
        "icon": source.icon,
        "model": model_name,
        "capabilities": sorted(source.capabilities),
        "temperature": None if temperature is None else f"{temperature:.2f}",
        "seed": source.seed,
        "output_format": source.output_format,
        "output_schema": source.output_schema,
        "parallel_tool_calls": source.parallel_tool_calls,
        "model_choice": source.model_choice,
        "allowed_models": sorted(source.allowed_models),
        "answers_only_from_knowledge": source.answers_only_from_knowledge,
        "no_answer_text": source.no_answer_text,
        "knowledge": sorted(knowledge_hashes),
    }


def hash_content(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def get_draft_model_name(gpt: GPT) -> str:
    return "" if gpt.language_model is None else gpt.language_model.name


def list_draft_knowledge_hashes(gpt: GPT) -> list[str]:
    """Return the hashes of the draft's readable files, sorted."""
    with gpt_workspace_scope(gpt):
        return sorted(gpt.knowledge_files.in_draft().readable().values_list("content_hash", flat=True))


def compute_draft_hash(gpt: GPT) -> str:
    """Return the content hash that freezing the draft now would give."""
    return hash_content(build_content(gpt, knowledge_hashes=list_draft_knowledge_hashes(gpt)))
