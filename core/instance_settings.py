"""Settings of the instance that operators change while it runs; every reader calls ``get_setting``.

The environment gives the default of each. A row of InstanceSetting stands before it, unless the environment
locks the setting (LOCKED_SETTINGS). Each process keeps the rows for SECONDS, and all share a copy in the
cache, so that a change holds everywhere within ten seconds and reading one costs no query.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.models import InstanceSetting
from core.text import clean_line

log = structlog.get_logger(__name__)

SECONDS = 3.0
SHARED_SECONDS = 4
SHARED_KEY = "core:instance-settings"
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")

_PAGE = re.compile(r"(https://[^\s\"<>]+|/(?![/\\])[^\s\"<>]*)")


class Group(TextChoices):
    GENERAL = "general", _("This instance")
    SIGN_UP = "sign_up", _("Accounts and sign-in")
    WORKSPACES = "workspaces", _("Workspaces")
    CHATS = "chats", _("Chats")
    KNOWLEDGE = "knowledge", _("Knowledge")
    MAILS = "mails", _("E-mails")


class SignUp(TextChoices):
    OPEN = "open", _("Everybody")
    DOMAINS = "domains", _("Only addresses of the domains below")
    CLOSED = "closed", _("Nobody")


class Makers(TextChoices):
    EVERYBODY = "everybody", _("Everybody")
    OPERATORS = "operators", _("Operators only")


@dataclass(frozen=True)
class Definition:
    """One setting: how it is called, where its default comes from, and ``clean``, which checks a new value.

    ``kind`` chooses the control: text, number, megabytes (stored in bytes), flag or choice.
    """

    key: str
    group: Group
    label: Any
    help_text: Any
    kind: str
    get_default: Callable[[], Any]
    clean: Callable[[Any], Any]
    choices: tuple[tuple[str, Any], ...] = ()

    @property
    def is_locked(self) -> bool:
        """Whether the environment decides alone."""
        return self.key.upper() in settings.LOCKED_SETTINGS


# Checks of values ----------------------------------------------------------------------------------------


def _refuse(message: Any) -> InvalidInput:
    return InvalidInput(message, code="setting_invalid", field="value")


def _number(least: int, most: int, *, may_be_none: bool = False) -> Callable[[Any], Any]:
    def clean(value: Any) -> int | None:
        if may_be_none and value in (None, ""):
            return None
        text = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,18}", text):
            raise _refuse(_("Enter a whole number."))
        if not least <= int(text) <= most:
            raise _refuse(
                _("Enter a number from %(least)s to %(most)s.") % {"least": f"{least:,}", "most": f"{most:,}"}
            )
        return int(text)

    return clean


def _line(value: Any, *, most: int = 60) -> str:
    if not isinstance(value, str):
        raise _refuse(_("Enter a text."))
    return clean_line(value, max_length=most, field="value")


def _address(value: Any) -> str:
    """A page: https:// or a path of this site; empty for none. It becomes a link on every page."""
    text = value.strip() if isinstance(value, str) else None
    if text == "":
        return ""
    if (
        text is None
        or len(text) > 500
        or not re.fullmatch(r"(https://[^\s\"<>]+|/(?![/\\])[^\s\"<>]*)", text)
    ):
        raise _refuse(_("Enter an address that begins with https://, or a path of this site."))
    return text


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "on", "false", ""):
        return value in ("true", "on")
    raise _refuse(_("Choose yes or no."))


def _choice(choices: type[TextChoices]) -> Callable[[Any], str]:
    def clean(value: Any) -> str:
        if value not in choices.values:
            raise _refuse(_("Choose from the list."))
        return str(value)

    return clean


def _domains(value: Any) -> str:
    """Domains, separated by commas or spaces, in small letters."""
    if not isinstance(value, str) or len(value) > 5_000:
        raise _refuse(_("Enter domains, such as example.org, separated by commas."))
    names = [name.removeprefix("@") for name in re.split(r"[\s,;]+", value.lower().strip()) if name]
    wrong = [name for name in names if not _DOMAIN.fullmatch(name)]
    if wrong:
        raise _refuse(_("“%(name)s” is no domain.") % {"name": wrong[0][:80]})
    return ", ".join(dict.fromkeys(names))


# The settings ----------------------------------------------------------------------------------------------


def _env(name: str) -> Callable[[], Any]:
    return lambda: getattr(settings, name)


def _whole(
    key: str, group: Group, label: Any, help_text: Any, least: int, most: int, kind: str = "number"
) -> Definition:
    return Definition(key, group, label, help_text, kind, _env(key.upper()), _number(least, most))


def _page(key: str, label: Any) -> Definition:
    return Definition(
        key,
        Group.GENERAL,
        label,
        _("The footer of every page links to it. Empty: no link."),
        "text",
        _env(key.upper()),
        _address,
    )


_GIGABYTE = 1024**3
_ALL = (
    Definition(
        "instance_name",
        Group.GENERAL,
        _("Name of this instance"),
        _("What mails and authenticator apps call it."),
        "text",
        _env("INSTANCE_NAME"),
        _line,
    ),
    _page("terms_url", _("Terms of use")),
    _page("privacy_url", _("Privacy policy")),
    _page("help_url", _("Help")),
    Definition(
        "mail_sender_name",
        Group.MAILS,
        _("Sender of mails"),
        _("The name beside the address of DEFAULT_FROM_EMAIL."),
        "text",
        lambda: parseaddr(settings.DEFAULT_FROM_EMAIL)[0],
        _line,
    ),
    Definition(
        "sign_up",
        Group.SIGN_UP,
        _("Who may sign up"),
        _("Accounts that exist are not affected."),
        "choice",
        lambda: SignUp.OPEN.value if settings.ACCOUNT_ALLOW_REGISTRATION else SignUp.CLOSED.value,
        _choice(SignUp),
        tuple(SignUp.choices),
    ),
    Definition(
        "sign_up_domains",
        Group.SIGN_UP,
        _("Domains that may sign up"),
        _("For the choice above, separated by commas. Subdomains must be named."),
        "text",
        lambda: "",
        _domains,
    ),
    Definition(
        "staff_second_factor",
        Group.SIGN_UP,
        _("Staff needs two-factor sign-in"),
        _("Staff roles count only for people who have set it up."),
        "flag",
        _env("STAFF_SECOND_FACTOR"),
        _flag,
    ),
    Definition(
        "workspace_makers",
        Group.WORKSPACES,
        _("Who may make teams and companies"),
        _("Everybody has a personal workspace in any case."),
        "choice",
        lambda: Makers.EVERYBODY.value,
        _choice(Makers),
        tuple(Makers.choices),
    ),
    _whole(
        "workspaces_per_person",
        Group.WORKSPACES,
        _("Teams and companies of one person"),
        _("That one person may make or own."),
        0,
        1_000,
    ),
    _whole(
        "chat_turns_per_minute",
        Group.CHATS,
        _("Messages a minute"),
        _("That one person may send."),
        1,
        1_000,
    ),
    _whole(
        "chat_running_turns",
        Group.CHATS,
        _("Answers at once"),
        _("That may be written for one person at the same time."),
        1,
        50,
    ),
    _whole(
        "chat_temporary_hours",
        Group.CHATS,
        _("Hours of a temporary chat"),
        _("After its last message, until it is deleted. Chats that exist keep their time."),
        1,
        24 * 30,
    ),
    _whole(
        "chat_deleted_days",
        Group.CHATS,
        _("Days to restore a deleted chat"),
        _("Then it is removed for good."),
        1,
        365,
    ),
    _whole(
        "knowledge_workspace_bytes",
        Group.KNOWLEDGE,
        _("Knowledge of a workspace"),
        _("All files together, unless the workspace has a limit of its own."),
        0,
        1024 * _GIGABYTE,
        "megabytes",
    ),
    _whole(
        "knowledge_person_bytes",
        Group.KNOWLEDGE,
        _("Knowledge of a person"),
        _("All files that one person added, anywhere."),
        0,
        1024 * _GIGABYTE,
        "megabytes",
    ),
    _whole(
        "knowledge_files_per_hour",
        Group.KNOWLEDGE,
        _("New files an hour"),
        _("Of one workspace, and of one person."),
        1,
        100_000,
    ),
    _whole(
        "invitations_per_person_hour",
        Group.MAILS,
        _("Invitations of a person an hour"),
        _("Mails to people who may have no account."),
        0,
        10_000,
    ),
    _whole(
        "invitations_per_workspace_day",
        Group.MAILS,
        _("Invitations of a workspace a day"),
        _("Of all of its admins together."),
        0,
        100_000,
    ),
    _whole(
        "mails_per_address_hour",
        Group.MAILS,
        _("Mails to one address an hour"),
        _("Invitations, reset links and codes."),
        1,
        1_000,
    ),
    _whole(
        "mails_per_client_hour",
        Group.MAILS,
        _("Mails asked for from one network address an hour"),
        _("Reset links and codes."),
        1,
        10_000,
    ),
)
DEFINITIONS: Mapping[str, Definition] = {one.key: one for one in _ALL}

# The rows of this process, and the time (of a monotonic clock) until which they hold.
_kept: tuple[Mapping[str, Any], float] = ({}, 0.0)


def get_setting(key: str) -> Any:
    """Return the present value of a setting. At most one look into the cache in SECONDS."""
    definition = DEFINITIONS[key]
    if definition.is_locked:
        return definition.get_default()
    rows = _get_rows()
    return rows[key] if key in rows else definition.get_default()


def prime(rows: Mapping[str, Any], *, seconds: float = SECONDS) -> None:
    """Let this process use these rows for so long."""
    global _kept  # noqa: PLW0603 - the cache of this process
    _kept = (rows, time.monotonic() + seconds)


def forget_everywhere() -> None:
    """Let this process read the rows anew, and the others with their next look; call it after a commit."""
    cache.delete(SHARED_KEY)
    prime({}, seconds=-1)


def _get_rows() -> Mapping[str, Any]:
    rows, until = _kept
    if time.monotonic() < until:
        return rows
    found = cache.get(SHARED_KEY)
    if found is None:
        try:
            with transaction.atomic():  # a savepoint: a failure must not break the caller's transaction
                found = dict(InstanceSetting.objects.values_list("key", "value"))
        except DatabaseError as error:
            log.warning("instance_settings.not_read", error=type(error).__name__)
            prime(rows)
            return rows
        cache.set(SHARED_KEY, found, SHARED_SECONDS)
    prime(found)
    return found
