"""Providers that the settings define, and the encrypted keys of all providers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from core.audit import record
from core.secrets import seal, unseal
from gpts.llm.built_in import EMBEDDINGS_LABEL, OFFLINE_LABEL, OFFLINE_MODEL, OFFLINE_PROVIDER
from gpts.llm.catalogue import USUAL_FEATURES
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.runtime import builtin_embeddings
from gpts.llm.services.addresses import cut_endpoint
from gpts.llm.services.learning import forget_learned
from gpts.llm.states import Capability, ModelKind, ProviderKind
from workspaces.models import User

INSTANCE_PROVIDER = "OpenAI-compatible"
KEY_PURPOSE = "gpts.provider_key"
# The settings give only the name of a model.
ASSUMED_CONTEXT_WINDOW = 128_000
ASSUMED_OUTPUT_TOKENS = 4_096


def get_provider_key(provider: ModelProvider) -> str:
    """Return the provider's decrypted key, empty if it needs none. Only for requests to the provider."""
    if not provider.sealed_key:
        return ""
    return unseal(
        provider.sealed_key, purpose=KEY_PURPOSE, tenant=get_key_tenant(provider), row=str(provider.pk)
    )


def find_instance_provider() -> ModelProvider | None:
    """Return the provider that the settings define, in the open scope; None without one."""
    return (
        ModelProvider.objects.filter(workspace=None, name=INSTANCE_PROVIDER)
        .exclude(kind=ProviderKind.OFFLINE)
        .first()
    )


def list_sealed_keys() -> Iterator[tuple[object, str]]:
    """Yield (provider's id, encrypted key) of all providers, for the command ``rotate_keys``."""
    rows = ModelProvider.objects.exclude(sealed_key="").order_by("pk")
    yield from rows.values_list("pk", "sealed_key")


def replace_sealed_key(identifier: object, before: str, after: str) -> None:
    """Write a newly encrypted key, unless the old one was changed in the meantime."""
    ModelProvider.objects.filter(pk=str(identifier), sealed_key=before).update(sealed_key=after)


def get_key_tenant(provider: ModelProvider) -> str:
    """Return the tenant that a key is encrypted for; it cannot be decrypted for another one."""
    return "instance" if provider.workspace_id is None else f"workspace:{provider.workspace_id}"


@transaction.atomic
def ensure_offline_provider(*, at: datetime) -> LanguageModel:
    """Return the built-in model, created on the first start. Idempotent."""
    provider, _created = ModelProvider.objects.get_or_create(
        workspace=None, name=OFFLINE_PROVIDER, defaults={"kind": ProviderKind.OFFLINE, "created_at": at}
    )
    model, _made = LanguageModel.objects.get_or_create(
        provider=provider,
        name=OFFLINE_MODEL,
        defaults={
            "label": OFFLINE_LABEL,
            "context_window": 32_000,
            "max_output_tokens": 2_000,
            "capabilities": [Capability.FILE_SEARCH],
            "is_default": True,
        },
    )
    return model


@transaction.atomic
def ensure_builtin_embeddings(*, at: datetime) -> LanguageModel:
    """Return the row of the built-in embeddings model, created on the first start. Idempotent.

    Whether it is used depends on the wheel, the settings and the operator: see gpts.llm.embeddings.
    """
    provider = ensure_offline_provider(at=at).provider
    model, _made = LanguageModel.objects.get_or_create(
        provider=provider,
        name=builtin_embeddings.NAME,
        defaults={
            "label": EMBEDDINGS_LABEL,
            "kind": ModelKind.EMBEDDING,
            "dimensions": builtin_embeddings.DIMENSIONS,
            "context_window": builtin_embeddings.CONTEXT_TOKENS,
            "max_output_tokens": 1,
        },
    )
    return model


@transaction.atomic
def ensure_instance_provider(
    *, kind: str, base_url: str, key: str, model: str, by: User | None, at: datetime
) -> LanguageModel:
    """Create or update the instance's provider from the settings and return its default model.

    Idempotent: unchanged settings write nothing. A changed model name adds a row and makes it the
    default; old models stay for the versions that were frozen with them.
    """
    base_url = cut_endpoint(base_url)
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
    if {"kind", "base_url"} & set(changed):
        forget_learned(provider.models.all())
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
            "is_size_assumed": True,
        },
    )
    if not found.is_default:
        found.is_default = True
        found.save(update_fields=["is_default"])
    return found
