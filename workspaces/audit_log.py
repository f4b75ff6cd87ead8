"""Reads audit events as sentences, with the names of today and links that the reader may follow."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.audit import DIRECTORY
from core.audit_words import ActionWords, FieldWords, Named, Reader, load_words
from core.look import formats
from core.models import AuditEvent
from workspaces.audit_words import USER
from workspaces.models import Member

_PLACE = re.compile(r"%\((\w+)\)s")
_HAN = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
# Keys of ``AuditEvent.data`` with a meaning of their own.
CHANGES, FIELDS = "changes", "fields"
# Values before and after under names of their own, as events of earlier releases have them: action to the
# field and the two keys.
_EARLIER_PAIRS = {
    "gpts.provider_changed": ("base_url", "address_before", "address"),
    "gpts.search_mode_set": ("mode", "before", "mode"),
    "workspaces.member_role_changed": ("role", "before", "after"),
}


@dataclass(frozen=True)
class Change:
    """A changed field, its values in pieces that may have a page.

    Without pieces, and with texts of None, where the log keeps no values, as of names and instructions.
    """

    field: str
    label: str
    before_parts: tuple[Named, ...] = ()
    after_parts: tuple[Named, ...] = ()

    @property
    def before(self) -> str | None:
        return "".join(part.text for part in self.before_parts) if self.before_parts else None

    @property
    def after(self) -> str | None:
        return "".join(part.text for part in self.after_parts) if self.after_parts else None


@dataclass(frozen=True)
class Detail:
    label: str
    text: str


@dataclass(frozen=True)
class AuditEntry:
    """An event as a person reads it. ``parts`` are the sentence, in pieces that may have a page."""

    event: AuditEvent
    label: str
    area: str
    parts: tuple[Named, ...]
    actor: Named
    subject: Named
    changes: tuple[Change, ...]
    details: tuple[Detail, ...]
    reason: str
    # Staff of the platform, who are not named to a workspace.
    is_actor_hidden: bool

    @property
    def sentence(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def hash(self) -> str:
        """Return the hash of the event, empty where it would tell by trial who the hidden actor is."""
        return "" if self.is_actor_hidden else self.event.hash

    @property
    def object_key(self) -> str:
        """Return the object as the filter takes it."""
        return f"{self.event.subject_type}:{self.event.subject_id}"


def describe_events(events: Iterable[AuditEvent], reader: Reader) -> list[AuditEntry]:
    """Return the events as ``reader`` may read them.

    Names are looked up once for each kind of object, however many events there are.
    """
    rows = list(events)
    names = _Names(rows, reader)
    return [_describe(event, names) for event in rows]


class _Names:
    """The names of everything that some events mention."""

    def __init__(self, events: list[AuditEvent], reader: Reader) -> None:
        self.reader = reader
        wanted: dict[str, set[str]] = defaultdict(set)
        for event in events:
            wanted[event.subject_type].add(event.subject_id)
            if event.actor_id is not None:
                wanted[USER].add(str(event.actor_id))
            for kind, identifier in _list_mentions(event):
                wanted[kind].add(identifier)
        objects = load_words().objects
        self._found = {
            kind: objects[kind].resolve(ids, reader) for kind, ids in wanted.items() if kind in objects
        }
        self._colleagues = _list_colleagues(events, reader)

    def get(self, kind: str, identifier: Any) -> Named:
        found = self._found.get(kind, {}).get(str(identifier))
        if found is not None:
            return found
        words = load_words().objects.get(kind)
        return Named(str(words.missing) if words else _("something"))

    def is_hidden(self, event: AuditEvent, words: ActionWords | None) -> bool:
        is_outsider = self._colleagues is not None and event.actor_id not in self._colleagues
        return event.actor_id is not None and is_outsider and words is not None and words.is_staff_act

    def get_actor(self, event: AuditEvent, words: ActionWords | None) -> Named:
        if event.actor_id is None and event.actor_label == DIRECTORY:
            return Named(_("The identity provider"))
        if event.actor_id is None:
            return Named(_("The system") if event.is_automated else _("A visitor"))
        if self.is_hidden(event, words):
            return Named(_("The moderation of this instance"))
        return self.get(USER, event.actor_id)


def _list_colleagues(events: Collection[AuditEvent], reader: Reader) -> set[int] | None:
    """Return which actors are members of the workspace whose log it is, None for the platform's."""
    if reader.workspace_id is None:
        return None
    people = {event.actor_id for event in events if event.actor_id is not None}
    rows = Member.objects.filter(workspace_id=reader.workspace_id, user_id__in=people)
    return set(rows.values_list("user_id", flat=True))


def _list_mentions(event: AuditEvent) -> list[tuple[str, str]]:
    """Return the objects in an event's data whose names are needed."""
    fields = load_words().fields.get(event.action, {})
    found = []
    values = [*event.data.items(), *((name, value) for name, pair in _list_pairs(event) for value in pair)]
    for name, value in values:
        words = fields.get(name)
        if words is None or value is None:
            continue
        if words.object:
            found += [(words.object, str(one)) for one in (value if isinstance(value, list) else [value])]
        elif words.compose is not None:
            found += words.list_objects(value)
    return found


def _list_pairs(event: AuditEvent) -> list[tuple[str, tuple[Any, Any]]]:
    """Return the fields of an event whose values before and after it holds."""
    changes = event.data.get(CHANGES)
    if isinstance(changes, Mapping):
        return [(name, (pair[0], pair[1])) for name, pair in changes.items()]
    earlier = _EARLIER_PAIRS.get(event.action)
    if earlier is not None and earlier[1] in event.data:
        field, before, after = earlier
        return [(field, (event.data[before], event.data.get(after)))]
    return []


def _describe(event: AuditEvent, names: _Names) -> AuditEntry:
    words = load_words().actions.get(event.action)
    fields = load_words().fields.get(event.action, {})
    actor = names.get_actor(event, words)
    subject = names.get(event.subject_type, event.subject_id)
    changes = _describe_changes(event, fields, names)
    return AuditEntry(
        event=event,
        label=str(words.label) if words else event.action,
        area=str(words.area) if words else "",
        parts=_build_sentence(event, words, fields, names, actor=actor, subject=subject),
        actor=actor,
        subject=subject,
        changes=changes,
        details=_describe_details(event, words, fields, names, changes),
        reason=str(words.describe_reason(event.reason))
        if words and words.describe_reason and event.reason
        else event.reason,
        is_actor_hidden=names.is_hidden(event, words),
    )


def _build_sentence(
    event: AuditEvent,
    words: ActionWords | None,
    fields: Mapping[str, FieldWords],
    names: _Names,
    *,
    actor: Named,
    subject: Named,
) -> tuple[Named, ...]:
    if words is None:
        return (actor, Named(f": {event.action}"))
    sentence = str(words.sentence(event.data) if callable(words.sentence) else words.sentence)
    parts: list[Named] = []
    for index, piece in enumerate(_PLACE.split(sentence)):
        if index % 2 == 0:
            parts += [Named(piece)] if piece else []
        elif piece in ("who", "what"):
            parts.append(actor if piece == "who" else subject)
        else:
            parts.append(_name_value(piece, event, fields, names, subject=subject))
    parts = _close_gaps(parts)
    if not parts[0].url:
        parts[0] = Named(parts[0].text[:1].upper() + parts[0].text[1:])
    return tuple(parts)


def _close_gaps(parts: list[Named]) -> list[Named]:
    """Remove the spaces around a name that is Chinese in a Chinese sentence: they part scripts only."""
    texts = [part.text for part in parts]
    for index in range(len(texts) - 1):
        before, after = texts[index], texts[index + 1]
        if before.endswith(" ") and _HAN.match(before[-2:-1]) and _HAN.match(after):
            texts[index] = before[:-1]
        elif after.startswith(" ") and _HAN.match(before[-1:]) and _HAN.match(after[1:]):
            texts[index + 1] = after[1:]
    return [Named(text, part.url) for text, part in zip(texts, parts, strict=True)]


def _name_value(
    name: str, event: AuditEvent, fields: Mapping[str, FieldWords], names: _Names, *, subject: Named
) -> Named:
    value, words = event.data.get(name), fields.get(name)
    if words is not None and words.object:
        # Events of earlier releases name some people by the object alone.
        return subject if value is None else names.get(words.object, value)
    return Named(_describe_value(value, words, event, names) or "–")


def _name_parts(value: Any, words: FieldWords, names: _Names) -> tuple[Named, ...]:
    """Return a value that names objects, in pieces."""
    if words.compose is not None:
        return tuple(words.compose(value, names.get))
    if not isinstance(value, list):
        return (names.get(words.object, value),)
    parts = [part for one in value for part in (Named(_(", ")), names.get(words.object, one))]
    return tuple(parts[1:])


def _describe_side(
    value: Any, words: FieldWords | None, event: AuditEvent, names: _Names
) -> tuple[Named, ...]:
    is_empty = value is None or value in ("", [], {})
    if not is_empty and words is not None and (words.object or words.compose is not None):
        return _name_parts(value, words, names)
    return (Named(_describe_value(value, words, event, names) or _("none")),)


def _describe_value(value: Any, words: FieldWords | None, event: AuditEvent, names: _Names) -> str:
    """Return a value as a text, empty for none."""
    if value is None or value == "" or value == [] or value == {}:
        return str(words.none) if words else ""
    if words is not None and (words.object or words.compose is not None):
        return "".join(part.text for part in _name_parts(value, words, names))
    if words is not None and words.describe is not None:
        return str(words.describe(value, event.data))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float):
        return formats.number(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _describe_changes(
    event: AuditEvent, fields: Mapping[str, FieldWords], names: _Names
) -> tuple[Change, ...]:
    changes = []
    pairs = _list_pairs(event)
    for name, (before, after) in pairs:
        words = fields.get(name)
        changes.append(
            Change(
                field=name,
                label=str(words.label) if words else name,
                before_parts=_describe_side(before, words, event, names),
                after_parts=_describe_side(after, words, event, names),
            )
        )
    known = {name for name, _pair in pairs}
    for name in event.data.get(FIELDS) or []:
        if name not in known and name in fields:
            changes.append(Change(field=name, label=str(fields[name].label)))
    return tuple(changes)


def _describe_details(
    event: AuditEvent,
    words: ActionWords | None,
    fields: Mapping[str, FieldWords],
    names: _Names,
    changes: Collection[Change],
) -> tuple[Detail, ...]:
    changed = {change.field for change in changes}
    details = []
    for name in words.details if words else ():
        text = _describe_value(event.data[name], fields.get(name), event, names) if name in event.data else ""
        if text and name not in changed:
            details.append(Detail(str(fields[name].label), text))
    return tuple(details)


def serialize_entry(entry: AuditEntry) -> dict[str, Any]:
    """Return an event with codes, data and words, as the API and the file of JSON lines give it."""
    event = entry.event
    return {
        "sequence": event.sequence,
        "at": event.at,
        "action": event.action,
        "area": entry.area,
        "sentence": entry.sentence,
        "actor": {"id": None if entry.is_actor_hidden else event.actor_id, "name": entry.actor.text},
        "is_automated": event.is_automated,
        "object": {
            "type": event.subject_type,
            "id": event.subject_id,
            "name": entry.subject.text,
            "path": entry.subject.url,
        },
        "changes": [
            {"field": one.field, "label": one.label, "before": one.before, "after": one.after}
            for one in entry.changes
        ],
        "reason": entry.reason,
        "data": event.data,
        "hash": entry.hash,
    }
