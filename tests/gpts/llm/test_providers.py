"""Providers from the settings, and the models that a workspace is offered."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from core.models import AuditEvent
from core.secrets import SecretBroken
from gpts.assistants.queries.gpts import find_default_model, list_available_models
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.services.providers import ensure_offline_provider, get_provider_key
from gpts.llm.states import ModelKind, ProviderKind
from tests.support.companies import create_company
from tests.support.factories.gpts import GPTFactory
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.access import personal_workspace

pytestmark = pytest.mark.django_db

CANARY = "sk-canary-1234567890"


@pytest.fixture
def from_settings(settings: Any) -> Any:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = CANARY, ""
    settings.OPENAI_MODEL, settings.OPENAI_PROTOCOL = "gpt-x", "responses"
    return settings


def test_without_settings_only_the_offline_model_exists() -> None:
    call_command("ensure_providers")
    call_command("ensure_providers")

    model = LanguageModel.objects.get(kind=ModelKind.CHAT)
    vectors = LanguageModel.objects.get(kind=ModelKind.EMBEDDING)
    assert (vectors.name, vectors.dimensions, vectors.provider) == (
        "multilingual-e5-small",
        384,
        model.provider,
    )
    assert (model.name, model.provider.kind, model.is_default) == ("offline", "offline", True)
    assert GPTFactory.create().language_model == model


def test_settings_create_a_provider_with_an_encrypted_key(from_settings: Any) -> None:
    call_command("ensure_providers")

    provider = ModelProvider.objects.get(kind=ProviderKind.RESPONSES)
    assert provider.base_url == "https://api.openai.com/v1"
    assert CANARY not in provider.sealed_key
    assert get_provider_key(provider) == CANARY
    assert CANARY not in str(AuditEvent.objects.get(action="gpts.provider_set").data)


def test_the_second_start_changes_nothing(from_settings: Any) -> None:
    call_command("ensure_providers")
    before = list(ModelProvider.objects.order_by("pk").values())

    call_command("ensure_providers")

    assert list(ModelProvider.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.filter(action="gpts.provider_set").count() == 1


def test_a_new_model_name_becomes_the_default_and_the_old_one_stays(from_settings: Any) -> None:
    call_command("ensure_providers")
    from_settings.OPENAI_MODEL, from_settings.OPENAI_API_KEY = "gpt-y", "another"

    call_command("ensure_providers")

    provider = ModelProvider.objects.get(kind=ProviderKind.RESPONSES)
    assert dict(provider.models.values_list("name", "is_default")) == {"gpt-x": False, "gpt-y": True}
    assert get_provider_key(provider) == "another"
    call_command("ensure_providers")
    assert provider.models.filter(is_default=True).count() == 1


@pytest.mark.parametrize(("name", "value"), [("OPENAI_MODEL", ""), ("OPENAI_PROTOCOL", "soap")])
def test_incomplete_settings_are_reported(from_settings: Any, name: str, value: str) -> None:
    setattr(from_settings, name, value)

    with pytest.raises(CommandError, match=name):
        call_command("ensure_providers")


def test_an_encrypted_key_copied_to_another_provider_cannot_be_decrypted(from_settings: Any) -> None:
    call_command("ensure_providers")
    stolen = ModelProvider.objects.get(kind=ProviderKind.RESPONSES)
    thief = ModelProvider.objects.create(
        workspace=personal_workspace(UserFactory.create()),
        name="Thief",
        kind=ProviderKind.RESPONSES,
        sealed_key=stolen.sealed_key,
        created_at=NOW,
    )

    with pytest.raises(SecretBroken):
        get_provider_key(thief)


def test_rotating_the_encryption_key_reencrypts_the_providers_key(from_settings: Any) -> None:
    call_command("ensure_providers")
    before = ModelProvider.objects.get(kind=ProviderKind.RESPONSES).sealed_key
    old = from_settings.ENCRYPTION_KEYS
    from_settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]

    call_command("rotate_keys")

    from_settings.ENCRYPTION_KEYS = from_settings.ENCRYPTION_KEYS[:1]
    provider = ModelProvider.objects.get(kind=ProviderKind.RESPONSES)
    assert provider.sealed_key != before
    assert get_provider_key(provider) == CANARY


def test_a_workspace_is_offered_its_own_models_first_and_none_of_other_workspaces(from_settings: Any) -> None:
    call_command("ensure_providers")
    company, other = create_company(UserFactory.create()), create_company(UserFactory.create())
    for workspace, name in ((company, "own"), (other, "foreign")):
        provider = ModelProvider.objects.create(
            workspace=workspace, name=name, kind=ProviderKind.CHAT_COMPLETIONS, created_at=NOW
        )
        LanguageModel.objects.create(
            provider=provider, name=name, label=name, context_window=1, max_output_tokens=1
        )

    assert [model.name for model in list_available_models(company)] == ["own", "gpt-x", "offline"]


def test_retired_models_and_disabled_providers_are_not_offered(from_settings: Any) -> None:
    call_command("ensure_providers")
    user = UserFactory.create()
    workspace = personal_workspace(user)
    LanguageModel.objects.filter(name="gpt-x").update(retired_at=NOW)
    default = find_default_model(workspace, user_id=user.pk)
    assert default is not None
    assert default.name == "offline"
    ModelProvider.objects.update(is_enabled=False)
    assert find_default_model(workspace, user_id=user.pk) is None


def test_a_draft_keeps_its_model_when_that_is_retired() -> None:
    from gpts.assistants.services.gpts import update_draft

    model = ensure_offline_provider(at=NOW)
    gpt = GPTFactory.create()
    LanguageModel.objects.update(retired_at=NOW)

    saved = update_draft(
        gpt=gpt, revision=1, changes={"language_model": model.pk, "name": "New"}, by=gpt.owner, at=NOW
    )

    assert (saved.language_model, saved.name) == (model, "New")
