"""A model provider of Alpha with two models; one of them is in use and will be retired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gpts.assistants.services.model_retirement import set_retirement
from gpts.llm.models import FailedCall
from gpts.llm.services.catalogue import ProviderChange, add_model, create_provider
from gpts.llm.services.probe import request_test
from gpts.llm.services.providers import ensure_offline_provider

SECRET_KEY = "sk-world-9f3b-velvetine"


def build(world: Any) -> None:
    owner, now = world.people["owner"], timezone.now()
    change = ProviderChange(
        "Alpha House", "chat_completions", "https://models.alpha-house.invalid/v1", SECRET_KEY
    )
    provider = create_provider(workspace=world.alpha, change=change, by=owner, at=now)
    old = add_model(provider=provider, values={"name": "alpha-old"}, by=owner, at=now)
    new = add_model(provider=provider, values={"name": "alpha-new"}, by=owner, at=now)
    set_retirement(model=old, retired_at=now + timedelta(days=40), replacement=new, by=owner, at=now)
    request_test(provider=provider, by=owner, at=now)
    offered = ensure_offline_provider(at=now)
    for model, code in ((old, "no_model"), (offered, "overloaded")):
        FailedCall.objects.create(
            model=model, code=code, status=404, provider_text="It said so.", first_at=now, last_at=now
        )
    world.ids |= {"provider": provider.pk, "catalogue_model": old.pk, "offered_model": offered.pk}
