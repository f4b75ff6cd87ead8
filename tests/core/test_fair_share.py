"""Whose job is next: nobody's many jobs delay the one of somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.fair_share import Waiting, choose_next
from tests.support.times import NOW

ADA, BEN, CLEO = 1, 2, 3
ACME, GLOBEX, OWN = 10, 20, 30


def wait(person: int, workspace: int, minutes: int = 0, key: int = 0) -> Waiting:
    return Waiting("file", key, person, workspace, NOW + timedelta(minutes=minutes))


def choose(
    waiting: list[Waiting],
    running: list[tuple[int, int]] | None = None,
    served: dict[str, float] | None = None,
    per_share: int = 2,
) -> Waiting | None:
    return choose_next(waiting, running or [], served or {}, per_share=per_share)


def test_the_oldest_is_first_when_all_else_is_equal() -> None:
    old, new = wait(ADA, ACME, 1), wait(BEN, GLOBEX, 2)

    assert choose([new, old]) == old
    assert choose([]) is None


def test_who_has_no_slot_comes_before_who_has_one() -> None:
    ada, ben = wait(ADA, ACME, 1), wait(BEN, GLOBEX, 60)

    assert choose([ada, ben], running=[(ADA, ACME)]) == ben


def test_who_was_served_longer_ago_comes_first() -> None:
    ada, ben = wait(ADA, ACME, 1), wait(BEN, GLOBEX, 60)

    assert choose([ada, ben], served={"person:1": 500.0, "workspace:10": 500.0}) == ben


def test_nobody_gets_more_slots_than_their_share() -> None:
    ada = wait(ADA, ACME)

    assert choose([ada], running=[(ADA, ACME)]) == ada
    assert choose([ada], running=[(ADA, ACME)] * 2) is None
    assert choose([ada, wait(BEN, GLOBEX)], running=[(ADA, ACME)] * 2) == wait(BEN, GLOBEX)


@pytest.mark.parametrize("running", [[(ADA, OWN), (ADA, OWN)], [(BEN, ACME), (CLEO, ACME)]])
def test_both_a_person_and_a_workspace_have_a_share(running: list[tuple[int, int]]) -> None:
    assert choose([wait(ADA, ACME)], running=running) is None


def test_a_person_alone_is_served_like_a_company_of_many() -> None:
    """Fifty people of a company and one elsewhere: the company's last slot counts for all its people."""
    company = [wait(100 + number, ACME, number) for number in range(50)]
    alone = wait(ADA, OWN, 99)

    assert choose([*company, alone], served={"workspace:10": 500.0, "person:100": 500.0}) == alone
    # And inside the company, who has not been served comes before who has.
    assert choose(company, served={"workspace:10": 500.0, "person:100": 500.0}) == company[1]
