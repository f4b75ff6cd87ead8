"""Sums of what the members of a workspace used, by day and by person, group, GPT, model and cost centre.

The caller has authorised VIEW_USAGE, and the open scope sees the workspace's usage. All dimensions
add up the same rows, but for answers that end while a report is made.
"""
# ruff: noqa: S608 - SQL of constants of this file

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Case, F, OuterRef, Subquery, When
from django.utils.translation import gettext as _

from gpts.assistants.models import GPT, LiveVersion
from gpts.assistants.states import Audience
from gpts.metering.usage_ranges import NONE, Dimension, UsageQuery, UsageRange, get_period_start
from workspaces.models import User, Workspace
from workspaces.queries import Placement, place_members

# Rows that a report names; the others are added up in one.
NAMED_ROWS = 100
_NOWHERE = Placement()
# The sums by day, and the events that are not in them yet. One statement sees one state of both.
_USED = """
WITH used AS (
  SELECT day, user_id, gpt_id, model_name, answers, input_tokens, output_tokens, cost_micros
    FROM gpts_usageday
   WHERE workspace_id = %(workspace)s AND day >= %(start)s AND day < %(end)s
  UNION ALL
  SELECT (occurred_at AT TIME ZONE 'UTC')::date, user_id, gpt_id, model_name, 1, input_tokens, output_tokens,
         cost_micros
    FROM gpts_usageevent
   WHERE workspace_id = %(workspace)s AND occurred_at >= %(start_at)s AND occurred_at < %(end_at)s
     AND xact >= COALESCE((SELECT watermark FROM gpts_usagedaystate), 0)::text::xid8
)
"""
_SUMS = (
    "sum(answers)::bigint, sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cost_micros)::bigint"
)


@dataclass(frozen=True)
class UsageSums:
    """Counts, and ``cost_micros`` in 1e-6 of the instance's currency."""

    answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def plus(self, other: UsageSums) -> UsageSums:
        return UsageSums(
            self.answers + other.answers,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_micros + other.cost_micros,
        )


@dataclass(frozen=True)
class UsagePart:
    """A row of the report; ``key`` is what a filter takes, ``label`` in the active language."""

    key: str
    label: str
    sums: UsageSums


@dataclass(frozen=True)
class UsageReport:
    """``parts`` are the largest; ``rest`` is the sum of ``rest_count`` others, which no row names."""

    total: UsageSums
    people: int
    periods: list[tuple[UsageRange, UsageSums]]
    parts: list[UsagePart]
    rest: UsageSums
    rest_count: int
    filter_labels: Mapping[str, str]


@dataclass(frozen=True)
class UsageLine:
    """A line of the export: one person, GPT and model in one period."""

    period: UsageRange
    user_id: int
    person: str
    email: str
    group: str
    cost_centre: str
    gpt: str
    model_name: str
    sums: UsageSums


@dataclass(frozen=True)
class CostCentreLine:
    """A line of the export by cost centre; ``cost_centre`` is empty for whoever has none."""

    period: UsageRange
    cost_centre: str
    people: int
    sums: UsageSums


def build_usage_report(workspace: Workspace, query: UsageQuery) -> UsageReport:
    """Return the sums of the chosen days; seven queries at most, however many rows."""
    placements = place_members(workspace)
    where, parameters = _read_conditions(workspace, query, placements)
    days = {day: sums for (day,), sums in _read("day", where, parameters)}
    column = {Dimension.GPT: "gpt_id", Dimension.MODEL: "model_name"}.get(Dimension(query.by), "user_id")
    sums_by_key: dict[str, UsageSums] = {}
    for (value,), sums in _read(column, where, parameters):
        key = _get_key(query.by, value, placements)
        sums_by_key[key] = sums_by_key.get(key, UsageSums()).plus(sums)
    ordered = sorted(
        sums_by_key.items(),
        key=lambda pair: (-pair[1].cost_micros, -pair[1].answers, -pair[1].tokens, pair[0]),
    )
    named, others = ordered[:NAMED_ROWS], ordered[NAMED_ROWS:]
    wanted: dict[str, list[str]] = {query.by: [key for key, _sums in named]}
    for dimension, key in query.filters.items():
        # An id from an address is named only if the workspace has to do with it: a member, or somebody or
        # some GPT whose use it paid for.
        is_member = dimension == Dimension.PERSON and int(key) in placements
        if days or is_member or dimension not in (Dimension.PERSON, Dimension.GPT):
            wanted.setdefault(dimension, []).append(key)
    labels = _read_labels(workspace, wanted, placements)
    return UsageReport(
        total=_add(days.values()),
        people=_count_people(where, parameters),
        periods=_fill_periods(query, days),
        parts=[UsagePart(key, labels[query.by, key], sums) for key, sums in named],
        rest=_add(sums for _key, sums in others),
        rest_count=len(others),
        filter_labels={
            dimension: labels.get((dimension, key), key) for dimension, key in query.filters.items()
        },
    )


def list_usage_lines(workspace: Workspace, query: UsageQuery, period: UsageRange) -> Iterator[UsageLine]:
    """Yield the lines of one period of the export, in the order of people, GPTs and models. Four queries."""
    placements = place_members(workspace)
    cut = UsageQuery(range=period, step=query.step, by=query.by, filters=query.filters)
    rows = _read("user_id, gpt_id, model_name", *_read_conditions(workspace, cut, placements))
    users = {user_id for (user_id, _gpt, _model), _sums in rows}
    gpts = {gpt_id for (_user, gpt_id, _model), _sums in rows}
    people = User.objects.in_bulk(users)
    names = _read_gpt_names(workspace, gpts)
    for (user_id, gpt_id, model), sums in sorted(rows, key=lambda row: row[0]):
        person, placement = people.get(user_id), placements.get(user_id, _NOWHERE)
        yield UsageLine(
            period=period,
            user_id=user_id,
            person=_name_person(person, user_id),
            email="" if person is None or user_id not in placements else person.email,
            group=placement.group,
            cost_centre=placement.cost_centre,
            gpt=_name_gpt(names.get(gpt_id), gpt_id),
            model_name=model,
            sums=sums,
        )


def list_cost_centre_lines(
    workspace: Workspace, query: UsageQuery, period: UsageRange
) -> Iterator[CostCentreLine]:
    """Yield the lines of one period of the export by cost centre, those without one first. Two queries."""
    placements = place_members(workspace)
    cut = replace(query, range=period)
    sums_by_code: dict[str, list[UsageSums]] = {}
    for (user_id,), sums in _read("user_id", *_read_conditions(workspace, cut, placements)):
        sums_by_code.setdefault(placements.get(user_id, _NOWHERE).cost_centre, []).append(sums)
    for code, found in sorted(sums_by_code.items()):
        yield CostCentreLine(period, code, len(found), _add(found))


def _read_conditions(
    workspace: Workspace, query: UsageQuery, placements: Mapping[int, Placement]
) -> tuple[str, dict[str, Any]]:
    """Return the condition of the filters and all parameters."""
    chosen = query.range
    parameters: dict[str, Any] = {
        "workspace": workspace.pk,
        "start": chosen.start,
        "end": chosen.end,
        "start_at": chosen.start_at,
        "end_at": chosen.end_at,
    }
    conditions = ["TRUE"]
    for dimension, column in (
        (Dimension.PERSON, "user_id"),
        (Dimension.GPT, "gpt_id"),
        (Dimension.MODEL, "model_name"),
    ):
        if dimension in query.filters:
            value = query.filters[dimension]
            conditions.append(f"{column} = %({dimension.value})s")
            parameters[dimension.value] = value if dimension == Dimension.MODEL else int(value)
    for dimension in (Dimension.GROUP, Dimension.COST_CENTRE):
        if dimension not in query.filters:
            continue
        wanted = query.filters[dimension]
        # People who have left are in no list of members, so "none" is whoever is not placed elsewhere.
        is_none = wanted == NONE
        conditions.append(f"user_id {'<> ALL' if is_none else '= ANY'}(%({dimension.value})s::bigint[])")
        parameters[dimension.value] = [
            user_id
            for user_id, placement in placements.items()
            if (_key_of(dimension, placement) != NONE if is_none else _key_of(dimension, placement) == wanted)
        ]
    return " AND ".join(conditions), parameters


def _read(columns: str, where: str, parameters: Mapping[str, Any]) -> list[tuple[tuple[Any, ...], UsageSums]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_USED} SELECT {columns}, {_SUMS} FROM used WHERE {where} GROUP BY {columns}", dict(parameters)
        )
        return [(tuple(row[:-4]), UsageSums(*row[-4:])) for row in cursor.fetchall()]


def _count_people(where: str, parameters: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"{_USED} SELECT count(DISTINCT user_id) FROM used WHERE {where}", dict(parameters))
        return int(cursor.fetchone()[0])


def _fill_periods(query: UsageQuery, days: Mapping[date, UsageSums]) -> list[tuple[UsageRange, UsageSums]]:
    by_start: dict[date, UsageSums] = {}
    for day, sums in days.items():
        start = get_period_start(day, query.step)
        by_start[start] = by_start.get(start, UsageSums()).plus(sums)
    return [
        (period, by_start.get(get_period_start(period.start, query.step), UsageSums()))
        for period in query.range.list_periods(query.step)
    ]


def _add(all_sums: Iterable[UsageSums]) -> UsageSums:
    total = UsageSums()
    for sums in all_sums:
        total = total.plus(sums)
    return total


def _get_key(dimension: str, value: Any, placements: Mapping[int, Placement]) -> str:
    if dimension in (Dimension.GROUP, Dimension.COST_CENTRE):
        return _key_of(dimension, placements.get(value, _NOWHERE))
    return str(value)


def _key_of(dimension: str, placement: Placement) -> str:
    if dimension == Dimension.GROUP:
        return NONE if placement.group_id is None else str(placement.group_id)
    return placement.cost_centre or NONE


def _read_gpt_names(workspace: Workspace, ids: Collection[int]) -> dict[int, str | None]:
    """Return the names of the workspace's own GPTs, and of others those that outsiders see.

    A GPT's own name is that of its draft, which others do not see.
    """
    outside = LiveVersion.objects.filter(
        gpt=OuterRef("pk"), audience__in=(Audience.LINK, Audience.PUBLIC)
    ).order_by("-audience")  # "public" before "link"
    shown = Case(
        When(workspace=workspace, then=F("name")), default=Subquery(outside.values("version__name")[:1])
    )
    return dict(GPT.objects.filter(pk__in=ids).annotate(shown=shown).values_list("pk", "shown"))


def _read_labels(
    workspace: Workspace, keys: Mapping[str, list[str]], placements: Mapping[int, Placement]
) -> dict[tuple[str, str], str]:
    """Return what each key of each dimension is called."""
    people = User.objects.in_bulk([int(key) for key in keys.get(Dimension.PERSON, ())])
    names = _read_gpt_names(workspace, [int(key) for key in keys.get(Dimension.GPT, ())])
    groups = {str(placement.group_id): placement.group for placement in placements.values()}
    labels = {}
    for dimension, found in keys.items():
        for key in found:
            if dimension == Dimension.PERSON:
                label = _name_person(people.get(int(key)), int(key))
            elif dimension == Dimension.GPT:
                label = _name_gpt(names.get(int(key)), int(key))
            elif dimension == Dimension.GROUP:
                label = _("No group") if key == NONE else groups.get(key) or _("Unknown group")
            elif dimension == Dimension.COST_CENTRE:
                label = _("No cost centre") if key == NONE else key
            else:
                label = key
            labels[dimension, key] = label
    return labels


def _name_person(person: User | None, user_id: int) -> str:
    if person is None or not person.display_name:
        return _("Deleted account %(number)s") % {"number": user_id}
    return person.display_name


def _name_gpt(name: str | None, gpt_id: int) -> str:
    # Names of GPTs of others that are not public any more are hidden by row-level security.
    return name or _("GPT %(number)s, not visible any more") % {"number": gpt_id}
