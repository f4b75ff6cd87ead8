"""PostgreSQL binds values itself: integers keep their size, and a repeated statement is planned once."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DataError, connection, transaction
from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Cast, Left

from config.database import connection_arguments, parse_url
from gpts.llm.models import LanguageModel, ModelProvider
from gpts.llm.states import ProviderKind
from reviews.models import Fingerprint
from tests.support.times import NOW

pytestmark = pytest.mark.django_db

BEYOND = 2**32 + 5  # its lowest four bytes are 5


@pytest.fixture
def model() -> LanguageModel:
    provider = ModelProvider.objects.create(name="One", kind=ProviderKind.OFFLINE, created_at=NOW)
    return LanguageModel.objects.create(
        provider=provider, name="one", label="One", context_window=5, max_output_tokens=1
    )


def test_a_number_beyond_four_bytes_is_not_cut(model: LanguageModel) -> None:
    found = LanguageModel.objects.annotate(
        plain=Value(BEYOND), total=Cast(F("context_window"), BigIntegerField()) + BEYOND
    ).values_list("plain", "total")

    assert list(found) == [(BEYOND, BEYOND + 5)]


def test_a_number_beyond_a_column_is_refused(model: LanguageModel) -> None:
    with pytest.raises(DataError), transaction.atomic():
        LanguageModel.objects.update(context_window=BEYOND)

    model.refresh_from_db()
    assert model.context_window == 5


def test_a_small_number_is_an_integer_to_functions(model: LanguageModel) -> None:
    assert LanguageModel.objects.annotate(start=Left("name", 2)).get().start == "on"


def test_members_of_arrays_are_not_cut() -> None:
    statement, values = Fingerprint.objects.filter(hashes__overlap=[BEYOND]).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_typeof(%s)::text, %s", [values[0], values[0]])
        assert cursor.fetchone() == ("bigint", BEYOND)
    assert "%s" in statement


def test_a_repeated_statement_is_prepared(model: LanguageModel) -> None:
    for _time in range(6):
        LanguageModel.objects.filter(name="one").first()

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert any('"gpts_languagemodel"."name" = $1' in statement for (statement,) in cursor.fetchall())


@pytest.mark.parametrize(("written", "threshold"), [("none", None), ("0", 0), ("7", 7)])
def test_an_address_may_change_when_statements_are_prepared(written: str, threshold: int | None) -> None:
    url = f"postgresql://ada:word@db:5432/shop?prepare_threshold={written}&sslmode=require"

    assert parse_url(url, name="DATABASE_URL")["OPTIONS"] == {
        "connect_timeout": 5, "prepare_threshold": threshold, "sslmode": "require"
    }  # fmt: skip
    assert connection_arguments(url)["prepare_threshold"] == threshold


def test_another_word_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL: prepare_threshold is a number, or none to"):
        parse_url("postgresql://ada:word@db:5432/shop?prepare_threshold=never", name="DATABASE_URL")
