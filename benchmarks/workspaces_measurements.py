"""Measurements of `script/bench workspaces`, in a process of its own with the servers' settings."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from random import Random

import django

django.setup()

from django.db import connection  # noqa: E402 - readable only now
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.workspaces_store import fill_stores, measure_row_security, measure_stores  # noqa: E402
from core.scope import Scope, open_scope, system_scope  # noqa: E402
from workspaces.models import Group, GroupMember, Member, PolicyRule, User, Workspace  # noqa: E402
from workspaces.policy import (  # noqa: E402
    EVERYONE,
    RULED,
    Act,
    Effect,
    Policy,
    Question,
    Rule,
    Subject,
    SubjectKind,
    Target,
    TargetKind,
    decide,
    find_changes,
)
from workspaces.queries import (  # noqa: E402
    ExternalGPT,
    decide_external,
    external_targets,
    list_ruled_people,
    load_policies,
    read_policy,
)
from workspaces.services.policies import replace_policy  # noqa: E402
from workspaces.services.users import create_user  # noqa: E402
from workspaces.services.workspaces import create_workspace  # noqa: E402

GROUPS, NAMED = 50, 200
DECIDED = 10_000
RNG = Random(7)


def main(people: int, gpts: int, store: int) -> None:
    with system_scope("benchmarks"):
        boss, place = _fill(people)
        _save_rules(place, boss)
        person = GroupMember.objects.select_related("member").first()
    if person is None:
        raise SystemExit("No group has members.")
    with open_scope(Scope(user_id=person.member.user_id)):
        _measure_access(person.member.user_id)
    with system_scope("benchmarks"):
        _measure_what_if(place, gpts)
    with system_scope("benchmarks"):
        fill_stores(place, boss, store)
    print(f"{store:,} GPTs in the private store, as many listings in the public one", flush=True)
    with system_scope("benchmarks"):
        member = User.objects.get(pk=person.member.user_id)
    measure_stores(place, member)
    measure_row_security(place, member)


def _fill(count: int) -> tuple[User, Workspace]:
    """Insert members in bulk: no service does so many at once."""
    now = timezone.now()
    boss = create_user(email="boss@bench.test", display_name="Boss", password=None, at=now)
    place = create_workspace(name="Bench", by=boss, at=now)
    users = User.objects.bulk_create(
        User(email=f"p{number}@bench.test", display_name=f"Person {number}", created_at=now)
        for number in range(count)
    )
    seats = Member.objects.bulk_create(
        Member(workspace=place, user=user, role="member", joined_at=now) for user in users
    )
    groups = Group.objects.bulk_create(
        Group(workspace=place, name=f"Group {number}", created_at=now) for number in range(GROUPS)
    )
    GroupMember.objects.bulk_create(
        GroupMember(group=group, member=seat) for seat in seats for group in RNG.sample(groups, 3)
    )
    return boss, place


def _save_rules(place: Workspace, boss: User) -> None:
    groups = list(Group.objects.filter(workspace=place).values_list("pk", flat=True))
    rules = {
        Rule(
            Act.USE_EXTERNAL,
            Subject(SubjectKind.GROUP, str(RNG.choice(groups))) if number % 3 else EVERYONE,
            Target(TargetKind.GPT, str(RNG.randrange(1, DECIDED))),
            Effect.DENY if number % 2 else Effect.ALLOW,
        )
        for number in range(NAMED)
    }
    rules |= {
        Rule(act, Subject(SubjectKind.GROUP, str(RNG.choice(groups))), Target(), Effect.DENY)
        for act in RULED
        if act != Act.USE_EXTERNAL
    }
    kept = {(rule.subject, rule.act, rule.target): rule for rule in sorted(rules)}
    replace_policy(
        workspace=place, policy=Policy(frozenset(kept.values())), revision=0, by=boss, at=timezone.now()
    )
    print(f"{Member.objects.filter(workspace=place).count():,} members, {PolicyRule.objects.count()} rules")


def _measure_access(person_id: int) -> None:
    gpts = [ExternalGPT(number, 0) for number in range(1, DECIDED + 1)]

    def ask() -> object:
        return decide_external(load_policies(person_id), gpts)

    def ask_each() -> object:
        found = load_policies(person_id).companies[0]
        return [
            decide(
                found.policy,
                found.person,
                Act.USE_EXTERNAL,
                external_targets(gpt.gpt_id, is_approved=False),
            )
            for gpt in gpts
        ]

    with CaptureQueriesContext(connection) as queries:
        ask()
    count = sum("set_config" not in query["sql"] for query in queries.captured_queries)
    once, each = _time(ask), _time(ask_each)
    print(
        f"effective access of {DECIDED:,} GPTs: {once:.1f} ms, {count} query;"
        f" {once / each:.2f} of asking one by one ({each:.1f} ms)"
    )


def _measure_what_if(place: Workspace, count: int) -> None:
    before = read_policy(place.pk).policy
    interns = Subject(
        SubjectKind.GROUP, str(Group.objects.filter(workspace=place).values_list("pk", flat=True)[0])
    )
    after = Policy(before.rules | {Rule(Act.USE_EXTERNAL, interns, Target(), Effect.DENY)}, before.closed)
    questions = [
        Question(str(number), Act.USE_EXTERNAL, external_targets(number, is_approved=False))
        for number in range(1, count + 1)
    ]
    people = list_ruled_people(place.pk)
    loaded = _time(lambda: list_ruled_people(place.pk))
    compared = _time(lambda: find_changes(before, after, people, questions))
    few = people[:100]

    def ask_everybody() -> None:
        for person in few:
            for question in questions:
                decide(before, person, question.act, question.targets)
                decide(after, person, question.act, question.targets)

    plain = _time(ask_everybody, times=1) * len(people) / len(few)
    print(
        f"what-if over {len(people):,} people x {count:,} GPTs: {loaded + compared:.0f} ms"
        f" (people {loaded:.0f} ms); {(loaded + compared) / plain:.4f} of asking everybody"
        f" ({plain / 1000:.0f} s, from {len(few)} people)"
    )


def _time(work: Callable[[], object], *, times: int = 5) -> float:
    """Return the shortest of several runs in milliseconds."""
    spent = []
    for _run in range(times):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return min(spent) * 1000


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    main(*(numbers + [5_000, 2_000, 20_000][len(numbers) :]))
