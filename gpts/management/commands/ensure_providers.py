"""Create the built-in models and, from the settings, the instance's model provider; runs on every start."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.scope import system_scope
from gpts.llm.services.providers import (
    ensure_builtin_embeddings,
    ensure_instance_provider,
)
from gpts.llm.states import ProviderKind

DEFAULT_BASE_URL = "https://api.openai.com/v1"
PROTOCOLS = (ProviderKind.RESPONSES, ProviderKind.CHAT_COMPLETIONS)


class Command(BaseCommand):
    help = "Creates the built-in models and, from OPENAI_*, the instance's model provider. Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        with system_scope("gpts.ensure_providers"):
            ensure_builtin_embeddings(at=now)
            if settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL:
                self._ensure_instance(now)

    def _ensure_instance(self, now: datetime) -> None:
        if not settings.OPENAI_MODEL:
            raise CommandError("Set OPENAI_MODEL to the name of the model that the provider should use.")
        if settings.OPENAI_PROTOCOL not in PROTOCOLS:
            raise CommandError("OPENAI_PROTOCOL must be responses or chat_completions.")
        model = ensure_instance_provider(
            kind=settings.OPENAI_PROTOCOL,
            base_url=settings.OPENAI_BASE_URL or DEFAULT_BASE_URL,
            key=settings.OPENAI_API_KEY,
            model=settings.OPENAI_MODEL,
            by=None,
            at=now,
        )
        self.stdout.write(f"Model {model.name} is the default.")
