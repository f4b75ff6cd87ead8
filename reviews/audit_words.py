"""How events of moderation read in the audit log.

Cases have no names: what a case is about is for moderators, and some cases for few of these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.urls import reverse
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
    read_uuids,
)
from gpts.assistants.audit_words import GPT_KIND
from reviews.models import Case
from reviews.rules import filter_visible
from reviews.states import Outcome, ReportCategory
from workspaces.audit_words import USER
from workspaces.models import User
from workspaces.rules import is_moderator

CASE = "reviews.case"


def _name_cases(ids: Collection[str], reader: Reader) -> dict[str, Named]:
    """Name cases by the beginning of their ids; a moderator may open those that they may know of."""
    found = {str(one): Named(gettext("case %(id)s") % {"id": str(one)[:8]}) for one in read_uuids(ids)}
    if isinstance(reader.person, User) and is_moderator(reader.person):
        visible = filter_visible(Case.objects.filter(pk__in=read_uuids(ids)), reader.person)
        for key in map(str, visible.values_list("pk", flat=True)):
            found[key] = Named(found[key].text, reverse("reviews:case-detail", args=[key]))
    return found


def _describe_list(value: Any, _data: Mapping[str, Any]) -> str:
    return ", ".join(map(str, value))


def _describe_version(value: Any, _data: Mapping[str, Any]) -> str:
    return str(value)


def _case_act(label: Any, sentence: Any) -> ActionWords:
    return ActionWords(Area.MODERATION, label, sentence)


WORDS = AuditWords(
    actions={
        "reviews.appeal_filed": _case_act(_("Appeal filed"), _("%(who)s appealed against a decision.")),
        "reviews.case_claimed": _case_act(_("Case claimed"), _("%(who)s claimed %(what)s.")),
        "reviews.case_decided": ActionWords(
            Area.MODERATION,
            _("Case decided"),
            _("%(who)s decided %(case_id)s: %(outcome)s."),
            details=("policies",),
        ),
        "reviews.case_escalated": _case_act(_("Case escalated"), _("%(who)s escalated %(what)s.")),
        "reviews.case_released": _case_act(_("Case released"), _("%(who)s released %(what)s.")),
        "reviews.case_taken_over": _case_act(
            _("Case taken over"), _("%(who)s took %(what)s over from %(from)s.")
        ),
        "reviews.claim_expired": _case_act(_("Claim ended"), _("The claim of %(what)s ended.")),
        "reviews.claim_renewed": _case_act(_("Claim renewed"), _("%(who)s went on with %(what)s.")),
        "reviews.enforcement_retried": _case_act(
            _("Decision carried out again"), _("A decision was carried out again after a failure.")
        ),
        "reviews.pictures_shown": _case_act(
            _("Pictures shown"), _("%(who)s looked at the pictures of %(what)s.")
        ),
        "reviews.report_filed": ActionWords(
            Area.MODERATION, _("Report filed"), _("%(who)s filed a report."), details=("category",)
        ),
        "reviews.submission_checked": _case_act(
            _("Submission checked"), _("The automated checks of a submission have finished.")
        ),
        "reviews.submission_withdrawn": ActionWords(
            Area.SHARING, _("Submission withdrawn"), _("%(who)s withdrew the submission of %(gpt_id)s.")
        ),
        "reviews.version_submitted": ActionWords(
            Area.SHARING,
            _("Version submitted"),
            _("%(who)s submitted version %(version)s of %(gpt_id)s to the store."),
        ),
    },
    objects={
        CASE: ObjectWords(_name_cases, _("a case")),
        "reviews.decision": ObjectWords(lambda _ids, _reader: {}, _("a decision")),
        "reviews.appeal": ObjectWords(lambda _ids, _reader: {}, _("an appeal")),
        "reviews.report": ObjectWords(lambda _ids, _reader: {}, _("a report")),
        "reviews.submission": ObjectWords(lambda _ids, _reader: {}, _("a submission")),
    },
    fields={
        "gpt_id": FieldWords("GPT", object=GPT_KIND),
        "case_id": FieldWords(_("Case"), object=CASE),
        "from": FieldWords(_("From"), object=USER),
        "outcome": FieldWords(_("Outcome"), describe_choice(Outcome)),
        "policies": FieldWords(_("Policies"), _describe_list),
        "category": FieldWords(_("Category"), describe_choice(ReportCategory)),
        "version": FieldWords(_("Version"), _describe_version),
    },
)
