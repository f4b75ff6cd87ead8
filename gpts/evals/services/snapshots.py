"""The snapshot of a GPT that a run asks, stored with the run so that the draft may change meanwhile."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gpts.assistants.models import GPT, Version
from gpts.assistants.services.versions import (
    BEHAVIOUR_FIELDS,
    build_content,
    hash_content,
    list_draft_knowledge_hashes,
)
from gpts.llm.models import LanguageModel


def build_snapshot(gpt: GPT, version: Version | None) -> tuple[str, dict[str, Any]]:
    """Return the content hash and all fields that shape answers, as JSON values."""
    source: GPT | Version = version or gpt
    hashes = list(version.knowledge_hashes) if version is not None else list_draft_knowledge_hashes(gpt)
    behaviour: dict[str, Any] = {
        name: getattr(source, name)
        for name in BEHAVIOUR_FIELDS
        if name not in ("language_model", "temperature")
    }
    behaviour["language_model_id"] = source.language_model_id
    behaviour["temperature"] = None if source.temperature is None else str(source.temperature)
    behaviour["knowledge_hashes"] = hashes
    content_hash = (
        version.content_hash if version else hash_content(build_content(gpt, knowledge_hashes=hashes))
    )
    return content_hash, behaviour


def build_version(gpt: GPT, behaviour: dict[str, Any], content_hash: str) -> Version:
    """Return a stored snapshot as an unsaved version, from which answers are prepared as from any other."""
    fields = dict(behaviour)
    model_id = fields.pop("language_model_id")
    temperature = fields.pop("temperature")
    return Version(
        gpt=gpt,
        number=0,
        content_hash=content_hash,
        language_model=LanguageModel.objects.select_related("provider").filter(pk=model_id).first(),
        temperature=None if temperature is None else Decimal(temperature),
        **fields,
    )
