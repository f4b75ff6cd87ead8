"""How audit events read: each app and package names its actions, objects and fields.

The log itself holds codes and ids. Names are looked up when somebody reads it, as that person may see them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import TextChoices
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class Area(TextChoices):
    """Kinds of actions, for filters."""

    ACCOUNTS = "accounts", _("Accounts and sign-in")
    MEMBERS = "members", _("Members and roles")
    SETTINGS = "settings", _("Settings and policies")
    GPTS = "gpts", _("GPTs and versions")
    KNOWLEDGE = "knowledge", _("Knowledge")
    TESTS = "tests", _("Tests")
    SHARING = "sharing", _("Sharing and store")
    MODELS = "models", _("Models")
    BUDGETS = "budgets", _("Budgets and prices")
    MODERATION = "moderation", _("Moderation")
    MONEY = "money", _("Earnings and payouts")


@dataclass(frozen=True)
class Reader:
    """Who reads the log: of one workspace, or with ``workspace`` None of the platform."""

    person: AbstractBaseUser
    workspace_id: int | None
    workspace_slug: str = ""


@dataclass(frozen=True)
class Named:
    """The name of an object as a text, and its page if the reader may open it."""

    text: str
    url: str = ""


# Returns the names of the ids that exist and that the reader may know, in a number of queries that does not
# depend on how many ids there are.
Resolver = Callable[[Collection[str], Reader], Mapping[str, Named]]


@dataclass(frozen=True)
class ObjectWords:
    """A kind of object: how its ids get names, and what stands for one without: "a deleted GPT".

    ``label`` is the plural for the filter; kinds without one are not offered there.
    """

    resolve: Resolver
    missing: Any
    label: Any = ""


@dataclass(frozen=True)
class FieldWords:
    """A value in ``AuditEvent.data``: its label and how it reads.

    ``object`` names the kind of object whose id, or list of ids, the value is; ``describe`` gets the value
    and all data of the event. ``compose`` is for values with ids among other words: it gets the value and a
    function that names an object by its kind and id, and ``list_objects`` says which it will ask for. Without
    any of them, numbers, yes or no, and lists read as usual.
    """

    label: Any
    describe: Callable[[Any, Mapping[str, Any]], Any] | None = None
    object: str = ""
    compose: Callable[[Any, Callable[[str, Any], Named]], Iterable[Named]] | None = None
    list_objects: Callable[[Any], Iterable[tuple[str, str]]] = lambda _value: ()
    # What stands for no value in a change.
    none: Any = ""


@dataclass(frozen=True)
class ActionWords:
    """An action: its kind, its label in filters, and its sentence.

    The sentence takes ``who``, ``what`` (the object) and names of values in the data. Where it depends on
    the data it is a function of them. ``details`` names values that are shown beside it. ``is_staff_act``
    marks acts of the platform's staff on a workspace, who are not named to that workspace.
    """

    area: Area
    label: Any
    sentence: Any
    details: tuple[str, ...] = ()
    fields: Mapping[str, FieldWords] = field(default_factory=dict)
    describe_reason: Callable[[str], Any] | None = None
    is_staff_act: bool = False


@dataclass(frozen=True)
class AuditWords:
    """The words of one app or package: actions by code, objects by ``app.model``, fields by name."""

    actions: Mapping[str, ActionWords]
    objects: Mapping[str, ObjectWords] = field(default_factory=dict)
    fields: Mapping[str, FieldWords] = field(default_factory=dict)


@dataclass(frozen=True)
class AllWords:
    actions: Mapping[str, ActionWords]
    objects: Mapping[str, ObjectWords]
    # By action, because the same name means different things to different apps.
    fields: Mapping[str, Mapping[str, FieldWords]]


@lru_cache(maxsize=1)
def load_words() -> AllWords:
    """Return the words of all apps in settings.AUDIT_WORDS."""
    parts: list[AuditWords] = [import_string(path) for path in settings.AUDIT_WORDS]
    return AllWords(
        actions={code: action for part in parts for code, action in part.actions.items()},
        objects={kind: found for part in parts for kind, found in part.objects.items()},
        fields={
            code: {**part.fields, **action.fields} for part in parts for code, action in part.actions.items()
        },
    )


def list_staff_acts() -> list[str]:
    """Return the actions whose actors are not named to a workspace that they do not belong to."""
    return [code for code, words in load_words().actions.items() if words.is_staff_act]


def list_mentioning_fields(kind: str) -> list[str]:
    """Return the names under which data of events hold ids of such objects, by name."""
    every = load_words().fields.values()
    return sorted({name for fields in every for name, words in fields.items() if words.object == kind})


def describe_choice(choices: type[TextChoices]) -> Callable[[Any, Mapping[str, Any]], Any]:
    """Return a ``FieldWords.describe`` that reads a stored choice, or a list of them, by its label."""

    def describe(value: Any, _data: Mapping[str, Any]) -> str:
        values = value if isinstance(value, list) else [value]
        known: list[Any] = list(choices.values)
        return ", ".join(str(choices(one).label) if one in known else str(one) for one in values)

    return describe


def describe_filter_names(value: Any, labels: Mapping[str, Any]) -> str:
    """Return what an export was filtered by: the labels of the filters, not their values."""
    names = [str(labels[name]) for name in labels if isinstance(value, Mapping) and name in value]
    return ", ".join(names) if names else str(_("nothing, everything is in it"))


def read_numbers(ids: Collection[str]) -> list[int]:
    """Return those of ``ids`` that fit a big integer column; the log keeps all ids as texts."""
    return [int(one) for one in ids if one.isascii() and one.isdigit() and len(one) < 19]


def read_uuids(ids: Collection[str]) -> list[UUID]:
    """Return those of ``ids`` that are UUIDs."""
    found = []
    for one in ids:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return found
