"""/operator/limits: every limit of the instance with its present value, and where it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from core.look import formats
from gpts.assistants.models.gpts import DESCRIPTION_LENGTH, INSTRUCTIONS_LENGTH, NAME_LENGTH, STARTER_COUNT
from gpts.assistants.queries.shares import MAX_EDITORS
from workspaces.queries.instance_settings import list_settings
from workspaces.web.staff import staff_required

# Limits of the environment: group, variable, label, unit ("number", "bytes", "percent", "seconds", "hours").
# The value has its unit: a label that names one too would contradict it.
ENVIRONMENT: tuple[tuple[Any, tuple[tuple[str, Any, str], ...]], ...] = (
    (
        gettext_lazy("Sign-in"),
        (
            ("PASSWORD_TRIES", gettext_lazy("Wrong passwords from one address for one account"), "number"),
            ("PASSWORD_TRIES_BY_ADDRESS", gettext_lazy("Wrong passwords from one address"), "number"),
            ("PASSWORD_TRIES_BY_ACCOUNT", gettext_lazy("Wrong passwords for one account"), "number"),
            ("PASSWORD_TRIES_SECONDS", gettext_lazy("Time in which wrong passwords count"), "seconds"),
        ),
    ),
    (
        gettext_lazy("Files and knowledge"),
        (
            ("REQUEST_BYTES", gettext_lazy("Body of a request"), "bytes"),
            ("KNOWLEDGE_FILE_BYTES", gettext_lazy("One knowledge file"), "bytes"),
            ("KNOWLEDGE_FILE_TOKENS", gettext_lazy("Text of one knowledge file, in tokens"), "number"),
            ("KNOWLEDGE_PDF_PAGES", gettext_lazy("Pages of a PDF"), "number"),
            ("KNOWLEDGE_PAGE_BYTES", gettext_lazy("A web page that is added"), "bytes"),
            ("EXTRACTION_MEMORY_BYTES", gettext_lazy("Memory for reading a file"), "bytes"),
            ("EXTRACTION_SECONDS", gettext_lazy("Computing time for reading a file"), "seconds"),
            ("EXTRACTION_EXPANDED_BYTES", gettext_lazy("A file once it is unpacked"), "bytes"),
            ("OCR_PAGES", gettext_lazy("Scanned pages that are recognised in a file"), "number"),
            ("OCR_SECONDS", gettext_lazy("Time to recognise the scanned pages of a file"), "seconds"),
            ("FILES_CONCURRENCY", gettext_lazy("Files that a worker reads at once"), "number"),
            ("FILES_PER_WORKSPACE", gettext_lazy("Of these of one workspace or person"), "number"),
            ("EMBEDDING_JOBS", gettext_lazy("Jobs that make vectors at once"), "number"),
        ),
    ),
    (
        gettext_lazy("Chats and models"),
        (
            ("CHAT_ATTACHMENT_BYTES", gettext_lazy("One file in a chat"), "bytes"),
            ("CHAT_ATTACHMENTS_PER_MESSAGE", gettext_lazy("Files of a message"), "number"),
            (
                "CHAT_LOOSE_ATTACHMENT_HOURS",
                gettext_lazy("Files that were not sent are removed after"),
                "hours",
            ),
            ("MODEL_FIRST_TOKEN_SECONDS", gettext_lazy("Wait for the first word of a model"), "seconds"),
            ("MODEL_IDLE_SECONDS", gettext_lazy("Silence of a model"), "seconds"),
            ("MODEL_ANSWER_SECONDS", gettext_lazy("A whole answer"), "seconds"),
            (
                "STORE_GOLDEN_PASS_RATE",
                gettext_lazy("Golden prompts that must pass for the store"),
                "percent",
            ),
        ),
    ),
    (
        gettext_lazy("Calls to other hosts"),
        (
            ("OUTBOUND_JOBS_PER_PERSON", gettext_lazy("Calls of a person that wait"), "number"),
            ("OUTBOUND_JOBS_PER_WORKSPACE", gettext_lazy("Calls of a workspace that wait"), "number"),
            ("OUTBOUND_RUNNING_PER_PERSON", gettext_lazy("Calls of a person at once"), "number"),
        ),
    ),
    (
        gettext_lazy("Processes"),
        (
            ("DATABASE_POOL_SIZE", gettext_lazy("Connections to the database of a process"), "number"),
            ("WORKER_CONCURRENCY", gettext_lazy("Jobs that a worker runs at once"), "number"),
            ("RENDER_PROCESSES", gettext_lazy("Processes that render answers"), "number"),
        ),
    ),
)
# Read from the environment, but no limit.
NO_LIMITS = frozenset({"PORT", "ACTIVITY_SECONDS", "SECURE_HSTS_SECONDS", "TRUSTED_PROXY_HOPS"})


@dataclass(frozen=True)
class Limit:
    """``where`` names what to change: a page with ``url``, a variable of the environment, or nothing."""

    label: str
    value: str
    where: str
    url: str = ""


@require_safe
@staff_required("operator")
def show_limits(request: HttpRequest) -> HttpResponse:
    return render(request, "config/limits.html", {"groups": list_limits()})


def list_limits() -> list[tuple[str, list[Limit]]]:
    """Return groups: limits of the page Settings, of workspaces, of the environment, of the code."""
    return [
        (_("Changed while it runs"), _list_instance_settings()),
        (_("For single workspaces"), _list_quotas()),
        *((str(label), [_read(*row) for row in rows]) for label, rows in ENVIRONMENT),
        (_("Fixed"), _list_fixed()),
    ]


def _list_instance_settings() -> list[Limit]:
    """Return the settings with a number; one that the environment locks names its variable."""
    found = []
    for row in list_settings():
        definition = row.definition
        if definition.kind not in ("number", "megabytes"):
            continue
        where, url = _("Settings"), f"{reverse('workspaces:operator-setting-list')}#{definition.key}"
        if definition.is_locked:
            where, url = definition.key.upper(), ""
        value = row.shown_value if row.value is not None else _("no limit")
        found.append(Limit(str(definition.label), value, where, url))
    return found


def _list_quotas() -> list[Limit]:
    url, where = reverse("workspaces:operator-workspace-list"), _("Workspaces, the page of one")
    unlimited = _("no limit, unless one is set")
    return [
        Limit(_("Seats"), unlimited, where, url),
        Limit(_("GPTs"), unlimited, where, url),
        Limit(_("Knowledge"), _("as above, unless another one is set"), where, url),
        Limit(_("Tokens and cost"), unlimited, _("Budgets of the workspace"), ""),
    ]


def _list_fixed() -> list[Limit]:
    values = (
        (_("Name of a GPT, in characters"), NAME_LENGTH),
        (_("Description of a GPT, in characters"), DESCRIPTION_LENGTH),
        (_("Instructions of a GPT, in characters"), INSTRUCTIONS_LENGTH),
        (_("Conversation starters of a GPT"), STARTER_COUNT),
        (_("Editors of a GPT"), MAX_EDITORS),
    )
    return [Limit(label, formats.number(value), _("Part of the product")) for label, value in values]


def _read(name: str, label: Any, unit: str) -> Limit:
    return Limit(str(label), describe(_get(name), unit), name)


def _get(name: str) -> Any:
    if name == "DATABASE_POOL_SIZE":
        pool = settings.DATABASES["default"]["OPTIONS"].get("pool")
        return pool.get("max_size") if isinstance(pool, dict) else None
    return getattr(settings, {"WORKER_CONCURRENCY": "CELERY_WORKER_CONCURRENCY"}.get(name, name))


def describe(value: float | None, unit: str) -> str:
    """Return a value with its unit in the active language."""
    if value is None:
        return _("none")
    if unit == "bytes":
        return formats.file_size(int(value))
    if unit == "percent":
        return formats.percent(value / 100)
    if unit == "seconds":
        return ngettext("%(count)s second", "%(count)s seconds", int(value)) % {
            "count": formats.number(value)
        }
    if unit == "hours":
        return ngettext("%(count)s hour", "%(count)s hours", int(value)) % {"count": formats.number(value)}
    return formats.number(value)
