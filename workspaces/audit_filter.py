"""The filter of the audit log: by person, kind or action, days and object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext_lazy as _

from core.audit_words import Area, list_mentioning_fields, load_words
from core.errors import InvalidInput
from core.models import AuditEvent, AuditMention

NAMES = ("person", "area", "action", "since", "until", "kind", "object")


@dataclass(frozen=True)
class AuditFilter:
    """``since`` and ``until`` are days in the reader's time zone, both included; empty values filter nothing.

    ``kind`` is "app.model", ``object`` "app.model:id" of that kind: what happened to it and what names it.
    """

    person: int | None = None
    area: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None
    kind: str = ""
    object: str = ""

    def apply(self, workspace_id: int | None) -> QuerySet[AuditEvent]:
        """Return the events of a workspace, or for None those of the platform, that it leaves."""
        place = {"workspace_id__isnull": True} if workspace_id is None else {"workspace_id": workspace_id}
        events = AuditEvent.objects.filter(**place)
        if self.person is not None:
            events = events.filter(actor_id=self.person)
        if self.area:
            actions = load_words().actions
            events = events.filter(action__in=[code for code in actions if actions[code].area == self.area])
        if self.action:
            events = events.filter(action=self.action)
        if self.since is not None:
            events = events.filter(at__gte=_start_of(self.since))
        if self.until is not None:
            events = events.filter(at__lt=_start_of(self.until + timedelta(days=1)))
        if self.object:
            events = events.filter(pk__in=_find_about(self.object, place))
        elif self.kind:
            events = events.filter(subject_type=self.kind)
        return events

    @property
    def is_set(self) -> bool:
        return self != AuditFilter()


def read_filter(values: Mapping[str, str]) -> AuditFilter:
    """Return the filter that query parameters name; raises InvalidInput with the parameter as field."""
    person, area, action = (values.get(name, "").strip() for name in ("person", "area", "action"))
    chosen = values.get("object", "").strip()
    if person and not (person.isascii() and person.isdigit() and len(person) < 19):
        raise InvalidInput(_("Choose a person from the list."), code="person_invalid", field="person")
    if area and area not in Area.values:
        raise InvalidInput(_("Choose from the list."), code="unknown_choice", field="area")
    if action and action not in load_words().actions:
        raise InvalidInput(_("Choose from the list."), code="unknown_choice", field="action")
    kind = values.get("kind", "").strip()
    if kind and chosen.partition(":")[0] != kind:
        chosen = ""  # of the kind that was chosen before
    for name, sent in (("kind", kind), ("object", chosen)):
        if sent and (sent.partition(":")[0] not in load_words().objects or "\x00" in sent):
            raise InvalidInput(_("There is no such kind of object."), code="object_invalid", field=name)
    return AuditFilter(
        person=int(person) if person else None,
        area=area,
        action=action,
        since=_read_day(values, "since"),
        until=_read_day(values, "until"),
        kind=kind or chosen.partition(":")[0],
        object=chosen,
    )


def _find_about(chosen: str, place: Mapping[str, Any]) -> QuerySet[Any, Any]:
    """Return the ids of the events of an object, and of those whose data has its id."""
    kind, _colon, identifier = chosen.partition(":")
    subject = AuditEvent.objects.filter(subject_type=kind, subject_id=identifier, **place).values_list("pk")
    mentions = AuditMention.objects.filter(value=identifier, name__in=list_mentioning_fields(kind), **place)
    return subject.union(mentions.values_list("event_id"), all=True)


def _read_day(values: Mapping[str, str], name: str) -> date | None:
    text = values.get(name, "").strip()
    if not text:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    # Far years have no midnight in every time zone.
    if day is None or not 1970 <= day.year <= 9_000:
        raise InvalidInput(_("Write a day as YYYY-MM-DD."), code="date_invalid", field=name)
    return day


def _start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
