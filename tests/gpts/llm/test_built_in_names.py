"""What is built in has a name in each language; what people enter stays as they entered it."""

from __future__ import annotations

import pytest
from django.utils import translation

from gpts.llm.built_in import get_shown_label
from gpts.llm.services.providers import ensure_builtin_embeddings, ensure_offline_provider
from tests.support.factories.workspaces import OperatorUserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW


@pytest.mark.parametrize(
    ("stored", "chinese"),
    [
        ("Offline (quotes knowledge, no language model)", "离线（引用知识，不用语言模型）"),
        ("Built in (multilingual-e5-small)", "内置（multilingual-e5-small）"),
        ("Built in", "内置"),
        ("Town 13B (built in)", "Town 13B (built in)"),
        ("", ""),
    ],
)
def test_a_stored_label_is_shown_in_the_language_of_the_reader(stored: str, chinese: str) -> None:
    with translation.override("zh-hans"):
        assert get_shown_label(stored) == chinese
    with translation.override("en"):
        assert get_shown_label(stored) == stored


@pytest.mark.django_db
def test_the_page_of_models_names_what_is_built_in_in_chinese() -> None:
    offline, embeddings = ensure_offline_provider(at=NOW), ensure_builtin_embeddings(at=NOW)
    client = sign_in(OperatorUserFactory.create(language="zh-hans"))

    page = client.get("/operator/models").content.decode()

    assert "离线（引用知识，不用语言模型）" in page
    assert "内置（multilingual-e5-small）" in page
    assert offline.label not in page
    assert embeddings.label not in page
