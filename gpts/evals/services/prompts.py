"""Add, change, order, import and remove golden prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy

from core.audit import record
from core.errors import Conflict, InvalidInput
from gpts.assistants.models import GPT
from gpts.assistants.services.gpts import lock_gpt
from gpts.evals.files import read_file
from gpts.evals.models import GoldenPrompt
from gpts.evals.prompts import PROMPT_COUNT, PROMPT_FIELDS, clean_prompt
from workspaces.models import User


@transaction.atomic
def create_prompt(*, gpt: GPT, fields: Mapping[str, Any], by: User, at: datetime) -> GoldenPrompt:
    """Add a golden prompt at the end; audited.

    Raises InvalidInput with the field, and Conflict (``too_many_prompts``) beyond PROMPT_COUNT.
    """
    cleaned = clean_prompt(fields)
    locked = lock_gpt(gpt)
    (prompt,) = _append_prompts(locked, [cleaned], at=at)
    _record_event("gpts.golden_prompt_added", locked, by=by, at=at, count=1)
    return prompt


@transaction.atomic
def change_prompt(*, prompt: GoldenPrompt, fields: Mapping[str, Any], by: User, at: datetime) -> GoldenPrompt:
    """Change the given fields and validate the whole prompt again. Equal values change nothing."""
    lock_gpt(prompt.gpt)
    fresh = GoldenPrompt.objects.select_related("gpt").get(pk=prompt.pk)
    stored = {name: getattr(fresh, name) for name in PROMPT_FIELDS}
    cleaned = clean_prompt(stored | {name: fields[name] for name in PROMPT_FIELDS if name in fields})
    changed = [name for name in PROMPT_FIELDS if cleaned[name] != stored[name]]
    if not changed:
        return fresh
    for name in changed:
        setattr(fresh, name, cleaned[name])
    fresh.updated_at = at
    fresh.save(update_fields=[*changed, "updated_at"])
    _record_event("gpts.golden_prompt_changed", fresh.gpt, by=by, at=at, prompt_id=fresh.pk, fields=changed)
    return fresh


@transaction.atomic
def delete_prompt(*, prompt: GoldenPrompt, by: User, at: datetime) -> None:
    """Delete a golden prompt. Results of earlier runs keep their snapshot of it."""
    gpt = lock_gpt(prompt.gpt)
    identifier = prompt.pk
    GoldenPrompt.objects.filter(pk=identifier, gpt=gpt).delete()
    _renumber(_list_ids(gpt))
    _record_event("gpts.golden_prompt_removed", gpt, by=by, at=at, prompt_id=identifier)


@transaction.atomic
def order_prompts(*, gpt: GPT, ids: Sequence[int], by: User, at: datetime) -> None:
    """Sort the prompts as in ``ids``. Raises InvalidInput unless these are exactly the prompts of ``gpt``."""
    locked = lock_gpt(gpt)
    before = _list_ids(locked)
    if sorted(ids) != sorted(before):
        raise InvalidInput(
            gettext_lazy("The list changed meanwhile. Load the page again, then sort."),
            code="unknown_prompts",
            field="ids",
        )
    if list(ids) == before:
        return
    _renumber(list(ids))
    _record_event("gpts.golden_prompts_ordered", locked, by=by, at=at)


@transaction.atomic
def move_prompt(*, prompt: GoldenPrompt, up: bool, by: User, at: datetime) -> None:
    """Swap a prompt with the one above or below; does nothing at the end of the list."""
    ids = _list_ids(lock_gpt(prompt.gpt))
    index = ids.index(prompt.pk)
    other = index - 1 if up else index + 1
    if 0 <= other < len(ids):
        ids[index], ids[other] = ids[other], ids[index]
        order_prompts(gpt=prompt.gpt, ids=ids, by=by, at=at)


@transaction.atomic
def import_prompts(
    *, gpt: GPT, data: bytes, name: str, replace: bool, by: User, at: datetime
) -> list[GoldenPrompt]:
    """Add the prompts of a CSV or JSONL file; with ``replace`` delete all others. All rows or none.

    Raises the errors of gpts.evals.files.read_file, and Conflict (``too_many_prompts``) beyond PROMPT_COUNT.
    """
    cleaned = read_file(data, name)
    locked = lock_gpt(gpt)
    if replace:
        GoldenPrompt.objects.filter(gpt=locked).delete()
    imported = _append_prompts(locked, cleaned, at=at)
    _record_event("gpts.golden_prompts_imported", locked, by=by, at=at, count=len(imported), replaced=replace)
    return imported


@transaction.atomic
def add_prompts(
    *, gpt: GPT, prompts: Sequence[Mapping[str, Any]], by: User, at: datetime
) -> list[GoldenPrompt]:
    """Add several prompts at the end, all or none. Raises as create_prompt."""
    cleaned = [clean_prompt(fields) for fields in prompts]
    locked = lock_gpt(gpt)
    added = _append_prompts(locked, cleaned, at=at)
    _record_event("gpts.golden_prompt_added", locked, by=by, at=at, count=len(added))
    return added


def _append_prompts(gpt: GPT, prompts: Sequence[Mapping[str, Any]], *, at: datetime) -> list[GoldenPrompt]:
    """The caller must hold the lock on ``gpt``: otherwise two requests could exceed PROMPT_COUNT together."""
    last = GoldenPrompt.objects.filter(gpt=gpt).aggregate(last=Max("position"))["last"]
    count = GoldenPrompt.objects.filter(gpt=gpt).count()
    if count + len(prompts) > PROMPT_COUNT:
        raise Conflict(
            gettext_lazy("A GPT takes at most %(limit)d golden prompts. Remove some first.")
            % {"limit": PROMPT_COUNT},
            code="too_many_prompts",
            data={"limit": PROMPT_COUNT, "count": count},
        )
    first = (last or 0) + 1
    return GoldenPrompt.objects.bulk_create(
        GoldenPrompt(
            workspace_id=gpt.workspace_id,
            gpt=gpt,
            position=position,
            created_at=at,
            updated_at=at,
            **fields,
        )
        for position, fields in enumerate(prompts, first)
    )


def _list_ids(gpt: GPT) -> list[int]:
    return list(GoldenPrompt.objects.filter(gpt=gpt).order_by("position").values_list("pk", flat=True))


def _renumber(ids: list[int]) -> None:
    rows = GoldenPrompt.objects.in_bulk(ids)
    for position, identifier in enumerate(ids, 1):
        rows[identifier].position = position
    GoldenPrompt.objects.bulk_update(rows.values(), ["position"])


def _record_event(action: str, gpt: GPT, *, by: User, at: datetime, **data: Any) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=gpt,
        workspace_id=gpt.workspace_id,
        data={name: value for name, value in data.items() if value is not None},
    )
