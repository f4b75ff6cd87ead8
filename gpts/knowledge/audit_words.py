"""How events of knowledge files read in the audit log."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.audit_words import (
    ActionWords,
    Area,
    AuditWords,
    FieldWords,
    Named,
    ObjectWords,
    Reader,
    read_numbers,
)
from gpts.assistants.audit_words import GPT_KIND
from gpts.knowledge.failure_messages import describe_failure
from gpts.knowledge.models import KnowledgeFile


def _name_files(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = (
        KnowledgeFile.objects.filter(pk__in=read_numbers(ids), workspace_id=reader.workspace_id or 0)
        .filter(erased_at__isnull=True)
        .select_related("gpt")
    )
    return {
        str(row.pk): Named(row.name, _page(row))
        for row in rows
        if row.gpt.quarantined_at is None or row.gpt.owner_id == reader.person.pk
    }


def _page(file: KnowledgeFile) -> str:
    if file.removed_at is not None or file.gpt.deleted_at is not None:
        return ""
    return reverse("gpts:build-knowledge-text", args=[file.gpt.slug, file.pk])


def _act(label: Any, sentence: Any) -> ActionWords:
    return ActionWords(Area.KNOWLEDGE, label, sentence)


WORDS = AuditWords(
    actions={
        "gpts.file_added": _act(
            _("Knowledge file added"), _("%(who)s added the file %(what)s to %(gpt_id)s.")
        ),
        "gpts.file_changed": _act(
            _("Knowledge file renamed or dated"),
            _("%(who)s renamed or dated the file %(what)s of %(gpt_id)s."),
        ),
        "gpts.file_erased": _act(
            _("Knowledge file deleted everywhere"),
            _("%(who)s deleted a file from every version of %(gpt_id)s."),
        ),
        "gpts.file_refused": ActionWords(
            Area.KNOWLEDGE,
            _("Knowledge file refused"),
            _("The check of files refused the file %(what)s of %(gpt_id)s."),
            describe_reason=describe_failure,
        ),
        "gpts.file_removed": _act(
            _("Knowledge file removed"), _("%(who)s removed the file %(what)s from %(gpt_id)s.")
        ),
        "gpts.file_replaced": _act(
            _("Knowledge file replaced"), _("%(who)s replaced a file of %(gpt_id)s by %(what)s.")
        ),
        "gpts.file_reread": _act(
            _("Knowledge file read by a newer reader"),
            _("%(who)s had the file %(what)s of %(gpt_id)s read by a newer reader."),
        ),
        "gpts.file_retried": _act(
            _("Knowledge file read again"), _("%(who)s had the file %(what)s of %(gpt_id)s read again.")
        ),
    },
    objects={"gpts.knowledgefile": ObjectWords(_name_files, _("a file that is gone"), _("Knowledge files"))},
    fields={
        "gpt_id": FieldWords("GPT", object=GPT_KIND),
        "name": FieldWords(_("Name")),
        "review_on": FieldWords(_("Outdated from")),
    },
)
