"""Jobs that remember what models' servers have shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from celery import shared_task
from django.utils import timezone

from core.scope import system_scope
from gpts.llm.services import learning


@shared_task(name="gpts.note_model_answer")
def note_model_answer(
    *, model_id: int, connection: str, learned: dict[str, Any], failure: dict[str, Any] | None, at: str
) -> None:
    """Write what an answer has shown on its model. Running twice finds it written."""
    with system_scope("gpts.note_model_answer"):
        learning.remember_answer(
            model_id=model_id,
            connection=connection,
            learned=learned,
            failure=failure,
            at=datetime.fromisoformat(at),
        )


@shared_task(name="gpts.remove_old_failures")
def remove_old_failures() -> int:
    """Remove failures of models that are long past. Running twice finds none."""
    with system_scope("gpts.remove_old_failures"):
        return learning.remove_old_failures(at=timezone.now())
