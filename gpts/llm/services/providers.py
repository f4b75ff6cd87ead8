"""Model providers: made from the settings, their keys sealed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from core.audit import record
from core.secrets import seal, unseal
from gpts.llm.catalogue import USUAL_FEATURES
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import Capability, ProviderKind

OFFLINE_PROVIDER = "Built in"
OFFLINE_MODEL = "offline"
INSTANCE_PROVIDER = "OpenAI-compatible"
KEY_PURPOSE = "gpts.provider_key"
# For a model about which the settings say nothing more than its name.
ASSUMED_CONTEXT_WINDOW = 128_000
ASSUMED_OUTPUT_TOKENS = 4_096


def get_provider_key(provider: ModelProvider) -> str:
    """Return the provider's key in the clear, for the runtime alone; empty when it needs none."""
    if not provider.sealed_key:
        return ""
    return unseal(
        provider.sealed_key, purpose=KEY_PURPOSE, tenant=get_key_tenant(provider), row=str(provider.pk)
    )


def list_sealed_keys() -> Iterator[tuple[object, str]]:
    """Yield (provider's id, sealed key) of all providers, for rotate_keys."""
    rows = ModelProvider.objects.exclude(sealed_key="").order_by("pk")
    yield from rows.values_list("pk", "sealed_key")


def replace_sealed_key(identifier: object, before: str, after: str) -> None:
    """Write a newly sealed key while the old one still stands there."""
    ModelProvider.objects.filter(pk=str(identifier), sealed_key=before).update(sealed_key=after)


def get_key_tenant(provider: ModelProvider) -> str:
    """To whom a sealed key is bound: it opens for no other workspace."""
    return "instance" if provider.workspace_id is None else f"workspace:{provider.workspace_id}"


@transaction.atomic
def ensure_offline_provider(*, at: datetime) -> LanguageModel:
    """Return the built-in model, made on the first start; repeating it changes nothing."""
    provider, _created = ModelProvider.objects.get_or_create(
        workspace=None, name=OFFLINE_PROVIDER, defaults={"kind": ProviderKind.OFFLINE, "created_at": at}
    )
    model, _made = LanguageModel.objects.get_or_create(
        provider=provider,
        name=OFFLINE_MODEL,
        defaults={
            "label": "Offline (quotes knowledge, no language model)",
            "context_window": 32_000,
            "max_output_tokens": 2_000,
            "capabilities": [Capability.FILE_SEARCH],
            "is_default": True,
        },
    )
    return model


@transaction.atomic
def ensure_instance_provider(
    *, kind: str, base_url: str, key: str, model: str, by: Any, at: datetime
) -> LanguageModel:
    """Make or refresh the instance's provider from its settings and return its default model.

    Idempotent: an unchanged key, address and model write nothing. A changed model name adds a row and
    makes it the default; old models stay for the versions that were frozen with them.
    """
    provider, created = ModelProvider.objects.get_or_create(
        workspace=None,
        name=INSTANCE_PROVIDER,
        defaults={"kind": kind, "base_url": base_url, "created_at": at},
    )
    changed = [
        name for name, value in (("kind", kind), ("base_url", base_url)) if getattr(provider, name) != value
    ]
    provider.kind, provider.base_url = kind, base_url
    if get_provider_key(provider) != key:
        provider.sealed_key = (
            seal(key, purpose=KEY_PURPOSE, tenant=get_key_tenant(provider), row=str(provider.pk))
            if key
            else ""
        )
        changed.append("sealed_key")
    if changed:
        provider.save(update_fields=changed)
    if created or changed:
        record(action="gpts.provider_set", by=by, at=at, subject=provider, data={"fields": sorted(changed)})
    return _make_default(provider, model)


def _make_default(provider: ModelProvider, name: str) -> LanguageModel:
    provider.models.filter(is_default=True).exclude(name=name).update(is_default=False)
    found, _created = LanguageModel.objects.get_or_create(
        provider=provider,
        name=name,
        defaults={
            "label": name,
            "context_window": ASSUMED_CONTEXT_WINDOW,
            "max_output_tokens": ASSUMED_OUTPUT_TOKENS,
            "capabilities": [Capability.FILE_SEARCH],
            "features": list(USUAL_FEATURES),
            "is_default": True,
        },
    )
    if not found.is_default:
        found.is_default = True
        found.save(update_fields=["is_default"])
    return found
