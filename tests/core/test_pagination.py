"""Cursors are ours or refused: what is typed never reaches a query."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.pagination import is_own_cursor, paginate, read_cursor, sign_cursor
from tests.support.factories.workspaces import UserFactory
from tests.support.times import NOW
from workspaces.models import User

ORDER = ("-created_at", "id")
LIST = "workspaces.user -created_at id"


def build_unsigned(*values: Any) -> str:
    raw = json.dumps(values, default=str).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# What the old, unsigned cursors would have carried into the query.
HOSTILE: list[list[Any]] = [
    [0, ["t", "9999-12-31T23:59:59-12:00"], 1],
    [0, ["t", "0001-01-01T00:00:00+12:00"], 1],
    [0, 10**30, 1],
    [0, ["t", NOW.isoformat()], 2**63],
    [0, ["d", "NaN"], 1],
    [0, ["d", "Infinity"], 1],
    [0, "\x00", 1],
    [0, "\ud800", 1],
    [0, float("inf"), 1],
    [1, None, None],
    [0, ["u", "x"], 1],
    [],
    [0],
    [[]],
    [2, 1, 1],
]


def list_forgeries(real: str) -> Iterator[str]:
    rng = random.Random(1)
    payload, _dot, signature = real.rpartition(".")
    for values in HOSTILE:
        forged = build_unsigned(*values)
        yield from (forged, f"{forged}.", f"{forged}.{signature}", f".{signature}")
        yield f"{build_unsigned(LIST, *values)}.{signature}"
    for place in range(0, len(real), 3):
        yield real[:place] + rng.choice("AZaz09-_.") + real[place + 1 :]
    yield from (
        payload,
        signature,
        real[:-1],
        real + "A",
        real.lower(),
        "." * 50,
        "A" * 100_000,
        "\x00",
        "é",
        "💩",
    )


@pytest.mark.django_db
def test_no_forged_cursor_is_read() -> None:
    for number in range(3):
        UserFactory.create(display_name=f"User {number}")
    real = paginate(User.objects.all(), order=ORDER, size=1).next_cursor
    forgeries = [forged for forged in list_forgeries(real) if forged != real]

    for forged in forgeries:
        with pytest.raises(InvalidInput) as refusal:
            paginate(User.objects.all(), order=ORDER, cursor=forged, size=1)
        assert (refusal.value.code, refusal.value.field) == ("cursor_invalid", "cursor")
        assert not is_own_cursor(forged)
    assert len(forgeries) > 100


@pytest.mark.django_db
def test_pages_follow_each_other_in_both_directions() -> None:
    people = [UserFactory.create(display_name=f"User {number}") for number in range(5)]
    expected = [user.pk for user in sorted(people, key=lambda user: (-user.created_at.timestamp(), user.pk))]
    seen: list[int] = []
    cursor, previous = "", ""
    while True:
        page = paginate(User.objects.filter(pk__in=expected), order=ORDER, cursor=cursor, size=2)
        seen += [user.pk for user in page.items]
        previous = page.previous_cursor
        if not page.next_cursor:
            break
        cursor = page.next_cursor

    assert seen == expected
    back = paginate(User.objects.filter(pk__in=expected), order=ORDER, cursor=previous, size=2)
    assert [user.pk for user in back.items] == expected[2:4]


@pytest.mark.django_db
def test_a_cursor_of_another_list_is_refused() -> None:
    for number in range(3):
        UserFactory.create(display_name=f"User {number}")
    cursor = paginate(User.objects.all(), order=("-id",), size=1).next_cursor

    for order in (("id",), ORDER):
        with pytest.raises(InvalidInput):
            paginate(User.objects.all(), order=order, cursor=cursor, size=1)


def test_a_cursor_survives_the_rotation_of_the_key(settings: Any) -> None:
    cursor = sign_cursor("a", [1])
    old = settings.SECRET_KEY
    with override_settings(SECRET_KEY="a new key " * 8, SECRET_KEY_FALLBACKS=[old]):
        assert read_cursor("a", cursor) == [1]
    with override_settings(SECRET_KEY="a new key " * 8), pytest.raises(InvalidInput):
        read_cursor("a", cursor)


VALUES = st.one_of(
    st.text(max_size=50), st.integers(), st.decimals(allow_nan=False, allow_infinity=False), st.uuids(),
    st.datetimes(timezones=st.timezones()),
)  # fmt: skip


def _get_moment(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_what_is_signed_is_read_back(values: list[Any]) -> None:
    # Times that a clock shows twice differ from themselves in another zone: compared as points in time.
    read = read_cursor("list", sign_cursor("list", values))
    assert [_get_moment(value) for value in read] == [_get_moment(value) for value in values]


@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))))
def test_typed_cursors_are_one_error(text: str) -> None:
    if text:
        with pytest.raises(InvalidInput):
            read_cursor("list", text)
