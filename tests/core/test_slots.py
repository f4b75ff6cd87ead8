"""Slots: so many at once for each key, free again when they are released or their lease has ended."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.core.cache import cache

from core.errors import RateLimited
from core.slots import Slots, claim_slot

SLOTS = Slots("test", 2, 600)


def test_a_key_has_its_slots_until_they_are_released() -> None:
    first, second = claim_slot(SLOTS, 7), claim_slot(SLOTS, 7)
    with pytest.raises(RateLimited) as refusal:
        claim_slot(SLOTS, 7)
    assert (refusal.value.code, refusal.value.data["limit"]) == ("too_many_at_once", "test")
    assert claim_slot(SLOTS, 8).key != first.key
    first.release()
    again = claim_slot(SLOTS, 7)
    assert again.key == first.key
    # The former holder neither frees nor takes what somebody else has now.
    first.release()
    first.renew()
    assert [cache.get(held.key) for held in (again, second)] == [again.token, second.token]


def test_only_the_holder_extends_a_lease() -> None:
    former = claim_slot(SLOTS, 7)
    cache.set(former.key, "somebody else", 50)
    former.renew()
    client = cast("Any", cache)._cache.get_client(None)
    assert client.ttl(cache.make_and_validate_key(former.key)) <= 50
    cache.delete(former.key)
    held = claim_slot(SLOTS, 7)
    cache.touch(held.key, 50)
    held.renew()
    assert client.ttl(cache.make_and_validate_key(held.key)) > 500


def test_a_lease_that_ended_is_taken_again_by_a_sign_of_life() -> None:
    held = claim_slot(SLOTS, 7)
    cache.delete(held.key)
    held.renew()
    assert cache.get(held.key) == held.token
