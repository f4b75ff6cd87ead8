"""Golden prompts."""

from __future__ import annotations

from typing import Any

from gpts.assistants.models import GPT
from gpts.evals.services.prompts import create_prompt
from tests.support.times import NOW


def create_golden_prompt(gpt: GPT, prompt: str = "Say it", **fields: Any) -> Any:
    fields = {"assertions": [{"kind": "contains", "values": ["sorry"]}]} | fields
    return create_prompt(gpt=gpt, fields={"prompt": prompt, **fields}, by=gpt.owner, at=NOW)
