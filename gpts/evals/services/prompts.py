"""Adding, changing, ordering, importing and removing golden prompts."""

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
from gpts.evals.prompts import FIELDS, PROMPT_COUNT, clean_prompt


@transaction.atomic
def create_prompt(*, gpt: GPT, fields: Mapping[str, Any], by: Any, at: datetime) -> GoldenPrompt:
    """Add a golden prompt at the end. Raises InvalidInput naming the field, Conflict (``too_many_prompts``)
    beyond PROMPT_COUNT. Audited."""
    cleaned = clean_prompt(fields)
    fresh = lock_gpt(gpt)
    (made,) = _append(fresh, [cleaned], at=at)
    _record("gpts.golden_prompt_added", fresh, by=by, at=at, count=1)
    return made


@transaction.atomic
def change_prompt(*, prompt: GoldenPrompt, fields: Mapping[str, Any], by: Any, at: datetime) -> GoldenPrompt:
    """Change the given fields; the whole is checked again. Writing what stands already changes nothing."""
    lock_gpt(prompt.gpt)
    fresh = GoldenPrompt.objects.select_related("gpt").get(pk=prompt.pk)
    relation = {name: getattr(fresh, name) for name in FIELDS}
    cleaned = clean_prompt(relation | {name: fields[name] for name in FIELDS if name in fields})
    changed = [name for name in FIELDS if cleaned[name] != relation[name]]
    if not changed:
        return fresh
    for name in changed:
        setattr(fresh, name, cleaned[name])
    fresh.updated_at = at
    fresh.save(update_fields=[*changed, "updated_at"])
    _record("gpts.golden_prompt_changed", fresh.gpt, by=by, at=at, prompt_id=fresh.pk, fields=changed)
    return fresh


@transaction.atomic
def delete_prompt(*, prompt: GoldenPrompt, by: Any, at: datetime) -> None:
    """Remove a golden prompt for good; results of earlier runs keep what was asked."""
    gpt = lock_gpt(prompt.gpt)
    identifier = prompt.pk
    GoldenPrompt.objects.filter(pk=identifier, gpt=gpt).delete()
    _renumber(gpt, list(_ids(gpt)))
    _record("gpts.golden_prompt_removed", gpt, by=by, at=at, prompt_id=identifier)


@transaction.atomic
def order_prompts(*, gpt: GPT, ids: Sequence[int], by: Any, at: datetime) -> None:
    """Put the prompts in the order of ``ids``, which must be exactly those of ``gpt``; else InvalidInput."""
    fresh = lock_gpt(gpt)
    before = _ids(fresh)
    if sorted(ids) != sorted(before):
        raise InvalidInput(
            gettext_lazy("The list changed meanwhile. Load the page again, then sort."),
            code="unknown_prompts",
            field="ids",
        )
    if list(ids) == before:
        return
    _renumber(fresh, list(ids))
    _record("gpts.golden_prompts_ordered", fresh, by=by, at=at)


@transaction.atomic
def move_prompt(*, prompt: GoldenPrompt, up: bool, by: Any, at: datetime) -> None:
    """Move one place up or down; at the end of the list nothing happens."""
    ids = _ids(lock_gpt(prompt.gpt))
    place = ids.index(prompt.pk)
    other = place - 1 if up else place + 1
    if 0 <= other < len(ids):
        ids[place], ids[other] = ids[other], ids[place]
        order_prompts(gpt=prompt.gpt, ids=ids, by=by, at=at)


@transaction.atomic
def import_prompts(
    *, gpt: GPT, data: bytes, name: str, replace: bool, by: Any, at: datetime
) -> list[GoldenPrompt]:
    """Add the prompts of a CSV or JSONL file, or put them in place of all. All rows or none.

    Raises what gpts.evals.files.read_file raises, and Conflict when they would be too many.
    """
    prompts = read_file(data, name)
    fresh = lock_gpt(gpt)
    if replace:
        GoldenPrompt.objects.filter(gpt=fresh).delete()
    made = _append(fresh, prompts, at=at)
    _record("gpts.golden_prompts_imported", fresh, by=by, at=at, count=len(made), replaced=replace)
    return made


@transaction.atomic
def add_prompts(
    *, gpt: GPT, prompts: Sequence[Mapping[str, Any]], by: Any, at: datetime
) -> list[GoldenPrompt]:
    """Add several at once, all or none."""
    cleaned = [clean_prompt(fields) for fields in prompts]
    fresh = lock_gpt(gpt)
    made = _append(fresh, cleaned, at=at)
    _record("gpts.golden_prompt_added", fresh, by=by, at=at, count=len(made))
    return made


def _append(gpt: GPT, prompts: Sequence[Mapping[str, Any]], *, at: datetime) -> list[GoldenPrompt]:
    """``gpt`` is locked, so that nobody counts at the same time."""
    relation = GoldenPrompt.objects.filter(gpt=gpt).aggregate(top=Max("position"))["top"]
    count = GoldenPrompt.objects.filter(gpt=gpt).count()
    if count + len(prompts) > PROMPT_COUNT:
        raise Conflict(
            gettext_lazy("A GPT takes at most %(limit)d golden prompts. Remove some first.")
            % {"limit": PROMPT_COUNT},
            code="too_many_prompts",
            data={"limit": PROMPT_COUNT, "count": count},
        )
    first = (relation or 0) + 1
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


def _ids(gpt: GPT) -> list[int]:
    return list(GoldenPrompt.objects.filter(gpt=gpt).order_by("position").values_list("pk", flat=True))


def _renumber(gpt: GPT, ids: list[int]) -> None:
    rows = GoldenPrompt.objects.in_bulk(ids)
    for position, identifier in enumerate(ids, 1):
        rows[identifier].position = position
    GoldenPrompt.objects.bulk_update(rows.values(), ["position"])


def _record(action: str, gpt: GPT, *, by: Any, at: datetime, **data: Any) -> None:
    record(
        action=action,
        by=by,
        at=at,
        subject=gpt,
        workspace_id=gpt.workspace_id,
        data={name: value for name, value in data.items() if value is not None},
    )
