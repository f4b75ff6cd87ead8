"""Public GPTs that were approved together with the address of a model provider."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.db.models.expressions import RawSQL

from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.states import Audience
from gpts.llm.models import LanguageModel, ModelProvider


def list_gpts_approved_with(provider: ModelProvider) -> list[GPT]:
    """Return the public GPTs because of which the provider's address cannot change; none of the instance's.

    The function is that of the trigger that refuses the change (migration 0015_approved_addresses).
    """
    found = RawSQL("SELECT gpts_public_gpts_of_provider(%s)", [provider.pk])
    return list(GPT.objects.filter(pk__in=found).order_by("name", "pk"))


def keeps_approved_address(model: LanguageModel, replacement: LanguageModel) -> bool:
    """Whether ``replacement`` may answer for public versions of ``model``: same address or the operator's."""
    if replacement.provider.workspace_id is None or _get_origin(model) == _get_origin(replacement):
        return True
    public = LiveVersion.objects.filter(audience=Audience.PUBLIC, version__language_model=model)
    return not public.filter(gpt__deleted_at__isnull=True).exists()


def _get_origin(model: LanguageModel) -> tuple[str, str]:
    parts = urlsplit(model.provider.base_url.lower())
    return parts.scheme, parts.netloc
