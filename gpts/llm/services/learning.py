"""Remembers what answers show about their models: options that servers refuse, limits, and failures.

``LanguageModel.learned`` has the parts "options" (by name of the option: "at"), "output_limit" and
"context_window" ("tokens", "at"), and "input_cut" ("sent", "counted", "at"), each only once it was learned. A
job writes it, because the people who chat may not change a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction

from core.audit import record
from core.jobs import enqueue_on_commit, log_refused_task
from gpts.llm.models import FailedCall, LanguageModel, ModelProvider
from gpts.llm.runtime.types import FailureCode, ModelFailure, ModelOption, OptionsLearned
from gpts.llm.states import ProviderKind

NOTE_TASK = "gpts.note_model_answer"
# Failures of a model that are kept, and for how long after the last time.
MAX_FAILED_CALLS = 30
KEEP_FAILED_CALLS = timedelta(days=30)
# The same failure is noted once in so many seconds: when a provider is down, everybody meets it.
NOTE_SECONDS = 10
LEAST_LIMIT, LARGEST_LIMIT = 16, 20_000_000

# Ended by a person or by this server.
NO_CALL_FAILED = frozenset(
    {FailureCode.CANCELLED, FailureCode.INTERRUPTED, FailureCode.ACCESS_ENDED, FailureCode.EMPTY_ANSWER}
)
# Said about one person's words, which nobody else needs to know.
ABOUT_CONTENT = frozenset({FailureCode.CONTENT_REFUSED})


def note_answer(
    model: LanguageModel | None,
    *,
    learned: Iterable[OptionsLearned] = (),
    failure: ModelFailure | None = None,
    at: datetime,
) -> None:
    """Have a job remember what an answer of ``model`` has shown; after commit, and cheap if it is nothing."""
    if model is None or model.provider.kind == ProviderKind.OFFLINE:
        return
    parts = _leave_out_known(model, merge_learned(learned))
    failed = None if failure is None else _build_new_failure(model, failure)
    if not parts and failed is None:
        return
    enqueue_on_commit(
        "gpts.note_model_answer",
        model_id=model.pk,
        connection=get_connection_digest(model.provider),
        learned=parts,
        failure=failed,
        at=at.isoformat(),
    )


def merge_learned(learned: Iterable[OptionsLearned]) -> dict[str, Any]:
    """Return what was learned as JSON for ``remember_answer``; empty for nothing."""
    parts: dict[str, Any] = {}
    for event in learned:
        refused = (set(parts.get("refused", ())) | event.refused) - event.accepted
        accepted = (set(parts.get("accepted", ())) - event.refused) | event.accepted
        parts |= {"refused": sorted(refused), "accepted": sorted(accepted)}
        if event.output_limit is not None:
            parts["output_limit"] = event.output_limit
        if event.context_window is not None:
            parts["context_window"] = event.context_window
        if event.input_cut is not None:
            parts["input_cut"] = {"sent": event.input_cut.sent, "counted": event.input_cut.counted}
    return {name: value for name, value in parts.items() if value}


def _leave_out_known(model: LanguageModel, parts: dict[str, Any]) -> dict[str, Any]:
    """Return what was learned without what the model's row says already: most answers show nothing new."""
    known = model.learned
    refused = [name for name in parts.get("refused", ()) if name not in known.get("options", {})]
    accepted = [name for name in parts.get("accepted", ()) if name in known.get("options", {})]
    fresh = parts | {"refused": refused, "accepted": accepted}
    for name in ("output_limit", "context_window"):
        if name in parts and parts[name] >= known.get(name, {}).get("tokens", LARGEST_LIMIT):
            fresh[name] = None
    if "input_cut" in known:
        fresh["input_cut"] = None
    return {name: value for name, value in fresh.items() if value}


def build_failure(failure: ModelFailure) -> dict[str, Any] | None:
    """Return a failure as JSON for ``remember_answer``; None if no call of a provider failed."""
    if failure.code in NO_CALL_FAILED:
        return None
    error = failure.error
    has_text = error is not None and failure.code not in ABOUT_CONTENT
    return {
        "code": failure.code.value,
        "status": error.status or None if error is not None else None,
        "text": error.message[:600] if error is not None and has_text else "",
    }


def _build_new_failure(model: LanguageModel, failure: ModelFailure) -> dict[str, Any] | None:
    """Return a failure that was not noted in the last NOTE_SECONDS."""
    built = build_failure(failure)
    if built is None:
        return None
    key = f"gpts:failed-call:{model.pk}:{built['code']}:{built['status']}"
    return built if cache.add(key, True, NOTE_SECONDS) else None


def get_connection_digest(provider: ModelProvider) -> str:
    """Return a digest of the protocol and the address, about which things are learned."""
    return hashlib.sha256(f"{provider.kind} {provider.base_url}".encode()).hexdigest()[:16]


@transaction.atomic
def remember_answer(
    *,
    model_id: int,
    connection: str,
    learned: Mapping[str, Any],
    failure: Mapping[str, Any] | None,
    at: datetime,
) -> None:
    """Write what an answer has shown on its model. Call it in a system scope. Running twice changes nothing.

    Nothing is learned about a provider whose protocol or address has changed meanwhile.
    """
    row = (
        LanguageModel.objects.select_for_update(of=("self",))
        .select_related("provider")
        .filter(pk=model_id)
        .first()
    )
    if row is None or get_connection_digest(row.provider) != connection:
        log_refused_task(NOTE_TASK, "no_model" if row is None else "connection_changed", model_id=model_id)
        return
    _learn(row, learned, at)
    if failure is not None:
        _count_failure(row, failure, at)


def _learn(row: LanguageModel, learned: Mapping[str, Any], at: datetime) -> None:
    known = row.learned
    options = dict(known.get("options", {}))
    names = set(ModelOption)
    for name in learned.get("refused", ()):
        if name in names:
            options.setdefault(name, {"at": at.isoformat()})
    for name in learned.get("accepted", ()):
        options.pop(name, None)
    fresh = {name: value for name, value in known.items() if name != "options"}
    if options:
        fresh["options"] = options
    for name, ours in (("output_limit", row.max_output_tokens), ("context_window", row.context_window)):
        tokens = learned.get(name)
        before = fresh.get(name, {}).get("tokens", ours)
        if isinstance(tokens, int) and LEAST_LIMIT <= tokens < min(before, ours, LARGEST_LIMIT):
            fresh[name] = {"tokens": tokens, "at": at.isoformat()}
    if (cut := learned.get("input_cut")) and "input_cut" not in fresh:
        fresh["input_cut"] = {"sent": cut["sent"], "counted": cut["counted"], "at": at.isoformat()}
    if fresh == known:
        return
    row.learned = fresh
    row.save(update_fields=["learned"])
    record(
        action="gpts.model_learned",
        by=None,
        at=at,
        subject=row,
        workspace_id=row.provider.workspace_id,
        data={
            "provider": row.provider_id,
            "options": sorted(options),
            "fields": sorted(
                name for name in fresh.keys() | known.keys() if fresh.get(name) != known.get(name)
            ),
        },
    )


def _count_failure(row: LanguageModel, failure: Mapping[str, Any], at: datetime) -> None:
    """Count a failure on its row, and keep the newest rows of the model."""
    found, is_new = FailedCall.objects.get_or_create(
        model=row,
        code=str(failure["code"])[:40],
        status=failure["status"],
        provider_text=str(failure["text"])[:600],
        defaults={"first_at": at, "last_at": at},
    )
    if not is_new and found.last_at < at:
        found.count += 1
        found.last_at = at
        found.save(update_fields=["count", "last_at"])
    if is_new:
        newest = FailedCall.objects.filter(model=row).order_by("-last_at", "-pk")
        kept = list(newest.values_list("pk", flat=True)[:MAX_FAILED_CALLS])
        FailedCall.objects.filter(model=row).exclude(pk__in=kept).delete()


def remove_old_failures(*, at: datetime) -> int:
    """Remove failures that did not happen again for KEEP_FAILED_CALLS. Idempotent; in a system scope."""
    return FailedCall.objects.filter(last_at__lt=at - KEEP_FAILED_CALLS).delete()[0]


def forget_learned(models: Iterable[LanguageModel]) -> None:
    """Forget what was learned about models, after a change of their address or protocol."""
    LanguageModel.objects.filter(pk__in=[model.pk for model in models]).update(learned={})
