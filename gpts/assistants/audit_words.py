"""How events of GPTs and their versions read in the audit log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit_words import (
    ActionWords,
    Area,
    AuditWords,
    FieldWords,
    Named,
    ObjectWords,
    Reader,
    describe_choice,
    describe_filter_names,
    read_numbers,
)
from core.look import formats
from gpts.assistants.differences import LABELS
from gpts.assistants.models import GPT, LiveVersion, Version
from gpts.assistants.states import AdoptionState, ApprovalNeed, Audience, PublishState, ShareRight
from gpts.assistants.wording import format_field_value
from gpts.llm.audit_words import MODEL
from workspaces.audit_words import USER

GPT_KIND = "gpts.gpt"


def name_gpts(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    """Name GPTs of the log's workspace, and others as far as the public store names them."""
    rows = list(
        GPT.objects.filter(pk__in=read_numbers(ids)).only(
            "pk", "name", "slug", "workspace_id", "owner_id", "quarantined_at", "deleted_at"
        )
    )
    foreign = [row.pk for row in rows if not _is_inside(row, reader)]
    public = dict(
        LiveVersion.objects.filter(gpt__in=foreign, audience=Audience.PUBLIC).values_list(
            "gpt_id", "version__name"
        )
        if foreign
        else []
    )
    named = {}
    for row in rows:
        if _is_inside(row, reader):
            if row.name:
                named[str(row.pk)] = _name_own(row, reader)
        elif row.pk in public and row.deleted_at is None:
            named[str(row.pk)] = Named(public[row.pk], reverse("marketplace:about-show", args=[row.slug]))
    return named


def _is_inside(gpt: GPT, reader: Reader) -> bool:
    return gpt.workspace_id == reader.workspace_id


def _name_own(gpt: GPT, reader: Reader) -> Named:
    """Name a GPT of the reader's workspace; its settings are open to them unless it is in quarantine."""
    if gpt.deleted_at is not None:
        return Named(gettext("%(name)s (deleted)") % {"name": gpt.name})
    if gpt.quarantined_at is not None and gpt.owner_id != reader.person.pk:
        return Named(gpt.name)
    return Named(gpt.name, reverse("gpts:build-versions", args=[gpt.slug]))


def _name_versions(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    rows = list(Version.objects.filter(pk__in=read_numbers(ids)).only("pk", "number", "gpt_id"))
    gpts = name_gpts({str(row.gpt_id) for row in rows}, reader)
    return {
        str(row.pk): Named(
            gettext("version %(number)s of %(name)s") % {"number": row.number, "name": found.text}, found.url
        )
        for row in rows
        if (found := gpts.get(str(row.gpt_id)))
    }


def _describe_setting(field: str) -> FieldWords:
    return FieldWords(
        LABELS[field], lambda value, _data: format_field_value(value, field).replace("\n", ", ")
    )


def _describe_day(value: Any, _data: Mapping[str, Any]) -> str:
    moment = parse_datetime(value) if value else None
    return formats.exact(moment) if moment else ""


def _describe_version(value: Any, _data: Mapping[str, Any]) -> str:
    return "" if value is None else gettext("version %(number)s") % {"number": value}


def _describe_share(data: Mapping[str, Any]) -> Any:
    if "with_group" in data:
        return _("%(who)s shared %(what)s with the group %(with_group)s.")
    return _("%(who)s shared %(what)s with %(with_user)s.")


def _describe_end_of_share(data: Mapping[str, Any]) -> Any:
    if "with_group" in data:
        return _("%(who)s stopped sharing %(what)s with the group %(with_group)s.")
    return _("%(who)s stopped sharing %(what)s with %(with_user)s.")


_NUMBER = FieldWords(_("Version"), lambda value, _data: str(value))

# What the table of GPTs is filtered by.
_FILTERS = {
    "q": _("Name"),
    "owner": _("Owner"),
    "group": _("Shared with the group"),
    "audience": _("Who has access"),
    "model": _("Model"),
    "unused": _("Not used for"),
}


def _describe_filter(value: Any, _data: Mapping[str, Any]) -> str:
    return describe_filter_names(value, _FILTERS)


WORDS = AuditWords(
    actions={
        "gpts.address_chosen": ActionWords(
            Area.GPTS, _("Address chosen"), _("%(who)s chose the address of %(what)s.")
        ),
        "gpts.adoption_approved": ActionWords(
            Area.SETTINGS, _("External GPT approved"), _("%(who)s approved %(what)s for the workspace.")
        ),
        "gpts.adoption_blocked": ActionWords(
            Area.SETTINGS, _("External GPT blocked"), _("%(who)s blocked %(what)s for the workspace.")
        ),
        "gpts.adoption_expired": ActionWords(
            Area.SETTINGS, _("Approval of an external GPT ended"), _("The approval of %(what)s ended.")
        ),
        "gpts.adoption_refused": ActionWords(
            Area.SETTINGS,
            _("External GPT refused"),
            _("%(who)s refused the request of %(user_id)s for %(what)s."),
        ),
        "gpts.adoption_request_withdrawn": ActionWords(
            Area.SETTINGS,
            _("Request for an external GPT withdrawn"),
            _("%(who)s withdrew the request for %(what)s."),
        ),
        "gpts.adoption_requested": ActionWords(
            Area.SETTINGS, _("External GPT asked for"), _("%(who)s asked for %(what)s.")
        ),
        "gpts.adoption_withdrawn": ActionWords(
            Area.SETTINGS,
            _("Decision on an external GPT withdrawn"),
            _("%(who)s withdrew what was decided about %(what)s."),
        ),
        "gpts.draft_updated": ActionWords(
            Area.GPTS, _("Draft changed"), _("%(who)s changed the draft of %(what)s.")
        ),
        "gpts.gpt_blocked": ActionWords(
            Area.SHARING, _("GPT blocked in the store"), _("%(who)s blocked %(what)s in the store.")
        ),
        "gpts.gpt_unblocked": ActionWords(
            Area.SHARING, _("Block of a GPT lifted"), _("%(who)s lifted the block of %(what)s in the store.")
        ),
        "gpts.gpt_created": ActionWords(Area.GPTS, _("GPT created"), _("%(who)s created %(what)s.")),
        "gpts.gpt_table_exported": ActionWords(
            Area.GPTS,
            _("Table of GPTs downloaded"),
            _("%(who)s downloaded the table of the workspace's GPTs as a file."),
            details=("rows", "filter"),
            fields={"filter": FieldWords(_("Filtered by"), _describe_filter), "rows": FieldWords(_("Rows"))},
        ),
        "gpts.gpt_deleted": ActionWords(Area.GPTS, _("GPT deleted"), _("%(who)s deleted %(what)s.")),
        "gpts.gpt_quarantined": ActionWords(
            Area.MODERATION,
            _("GPT quarantined"),
            _("%(who)s put %(what)s into quarantine."),
            is_staff_act=True,
        ),
        "gpts.gpt_released": ActionWords(
            Area.MODERATION,
            _("GPT released from quarantine"),
            _("%(who)s released %(what)s from quarantine."),
            is_staff_act=True,
        ),
        "gpts.share_left": ActionWords(
            Area.SHARING, _("Share given up"), _("%(who)s gave up what was shared with them of %(what)s.")
        ),
        "gpts.gpt_shared": ActionWords(
            Area.SHARING,
            _("GPT shared"),
            _describe_share,
        ),
        "gpts.gpt_transferred": ActionWords(
            Area.SHARING, _("GPT given to another owner"), _("%(who)s gave %(what)s to another owner.")
        ),
        "gpts.gpt_unshared": ActionWords(
            Area.SHARING,
            _("Share ended"),
            _describe_end_of_share,
        ),
        "gpts.icon_set": ActionWords(
            Area.GPTS, _("Icon changed"), _("%(who)s changed the icon of %(what)s.")
        ),
        "gpts.model_retirement_ended": ActionWords(
            Area.MODELS, _("Model stays"), _("%(who)s withdrew the last day of the model %(what)s.")
        ),
        "gpts.model_retirement_set": ActionWords(
            Area.MODELS,
            _("Model's last day set"),
            _("%(who)s set the last day of the model %(what)s."),
            details=("retired_at", "replacement"),
        ),
        "gpts.version_frozen": ActionWords(
            Area.GPTS, _("Version frozen"), _("%(who)s kept the draft of %(gpt_id)s as version %(number)s.")
        ),
        "gpts.version_left": ActionWords(
            Area.SHARING, _("Sharing stopped"), _("%(who)s stopped sharing %(what)s with: %(audience)s.")
        ),
        "gpts.publishing_approved": ActionWords(
            Area.SHARING,
            _("Sharing approved"),
            _("%(who)s approved that version %(number)s of %(what)s is shared with: %(audience)s."),
        ),
        "gpts.publishing_asked": ActionWords(
            Area.SHARING,
            _("Approval asked for"),
            _("%(who)s asked to share version %(number)s of %(what)s with: %(audience)s."),
        ),
        "gpts.publishing_rule_set": ActionWords(
            Area.SETTINGS,
            _("Approval before sharing"),
            _("%(who)s changed who must agree before a GPT is shared."),
        ),
        "gpts.publishing_sent_back": ActionWords(
            Area.SHARING,
            _("Sharing sent back"),
            _("%(who)s sent back the request to share version %(number)s of %(what)s with: %(audience)s."),
        ),
        "gpts.publishing_withdrawn": ActionWords(
            Area.SHARING,
            _("Request to share taken back"),
            _("%(who)s withdrew the request to share version %(number)s of %(what)s with: %(audience)s."),
        ),
        "gpts.version_restored": ActionWords(
            Area.GPTS,
            _("Version restored"),
            _("%(who)s restored version %(number)s of %(gpt_id)s into the draft."),
        ),
        "gpts.version_went_live": ActionWords(
            Area.SHARING,
            _("Version live"),
            _("%(who)s shared version %(number)s of %(gpt_id)s with: %(audience)s."),
        ),
    },
    objects={
        GPT_KIND: ObjectWords(name_gpts, _("a deleted or private GPT"), _("GPTs")),
        "gpts.version": ObjectWords(_name_versions, _("a version of a GPT")),
    },
    fields={
        **{name: _describe_setting(name) for name in LABELS if name not in ("model", "knowledge")},
        "language_model": FieldWords(_("Model"), object=MODEL),
        "gpt_id": FieldWords("GPT", object=GPT_KIND),
        "adoption": FieldWords(_("Decision"), describe_choice(AdoptionState)),
        "approval_need": FieldWords(_("Who must agree"), describe_choice(ApprovalNeed)),
        "publish_state": FieldWords(_("Request"), describe_choice(PublishState)),
        "pinned_version": FieldWords(_("Approved version"), _describe_version),
        "expires_at": FieldWords(_("Ends"), _describe_day),
        "for_groups": FieldWords(_("Approved for"), object="workspaces.group"),
        "user_id": FieldWords(_("Person"), object=USER),
        "owner_id": FieldWords(_("Owner"), object=USER),
        "with_user": FieldWords(_("Shared with"), object=USER),
        "with_group": FieldWords(_("Shared with the group"), object="workspaces.group"),
        "right": FieldWords(_("Right"), describe_choice(ShareRight)),
        "number": _NUMBER,
        "audience": FieldWords(_("Shared with"), describe_choice(Audience)),
        "live_version": FieldWords(_("Shared version"), _describe_version),
        "retired_at": FieldWords(_("Last day"), _describe_day),
        "replacement": FieldWords(_("Replacement"), object=MODEL),
    },
)
