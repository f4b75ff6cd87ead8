"""Fetch and authorise a GPT or one of its versions in one call, or raise."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from core.errors import Forbidden, NotFound
from gpts.assistants.external import check_use
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.adoptions import load_adoptions
from gpts.assistants.queries.gpts import (
    find_gpt,
    find_gpt_with_live_versions,
    get_relation,
    get_relation_and_version,
)
from gpts.assistants.queries.served import is_still_served
from gpts.assistants.rules import GPTAct, GPTRelation, is_kept_from_chat, list_reached_audiences, may
from workspaces.acts import EXTERNAL_NOT_ALLOWED
from workspaces.models import User
from workspaces.queries import get_user_roles

# Refused by the GPT's own company: the reason is in ``data``.
GPT_BLOCKED = "gpt_blocked"


def access_gpt(user: User | AnonymousUser, slug: str, *, to: GPTAct) -> GPT:
    """Return the GPT with this slug if ``user`` may do ``to``.

    Raises NotFound when there is none or ``user`` may not see it, Forbidden (``gpt_forbidden``,
    ``gpt_quarantined`` or ``gpt_blocked``) when ``user`` may see it but not do this. A chat with a GPT of
    another workspace must be allowed by the person's companies too (``external_not_allowed``).
    """
    gpt = find_gpt(slug)
    if gpt is None or not user.is_authenticated:
        raise gpt_not_found()
    relation = get_relation(user, gpt)
    if may(to, gpt, relation):
        if to is GPTAct.CHAT:
            check_use(user, gpt)
        return gpt
    if to is GPTAct.CHAT and is_kept_from_chat(gpt, relation):
        raise _blocked(gpt)
    if to is not GPTAct.CHAT and may(GPTAct.VIEW_SETTINGS, gpt, relation):
        raise _refusal_error(gpt)
    raise gpt_not_found()


def access_chat(
    user: User | AnonymousUser, slug: str, *, is_draft: bool = False
) -> tuple[GPT, Version | None, GPTRelation]:
    """Return a GPT that ``user`` may chat with, the answering version (None: the draft) and the relation.

    Raises as access_gpt.
    """
    gpt, live = find_gpt_with_live_versions(slug)
    if gpt is None or not user.is_authenticated:
        raise gpt_not_found()
    version, relation = _check_chat(user, gpt, *get_relation_and_version(user, gpt, live), is_draft=is_draft)
    return gpt, version, relation


def recheck_chat(
    user: User, gpt: GPT, *, is_draft: bool, payer_id: int | None = None
) -> tuple[Version | None, GPTRelation]:
    """Return what access_chat does for a GPT that was fetched before: every answer is authorised anew.

    ``payer_id`` is the workspace that pays, whose pinned version answers as pin_version says.
    """
    version, relation = _check_chat(user, gpt, *get_relation_and_version(user, gpt), is_draft=is_draft)
    return pin_version(user, gpt, version, relation, payer_id=payer_id)


def pin_version(
    user: User, gpt: GPT, version: Version | None, relation: GPTRelation, *, payer_id: int | None
) -> tuple[Version | None, GPTRelation]:
    """Return what answers when ``payer_id`` pays: the version that this company approved, if it did.

    Otherwise that of any company of ``user`` that approved the GPT, the lowest if they approved several:
    an approval counts whatever workspace pays, and so does its pin. Otherwise what was given, which comes
    from access_chat. One query for members of a company who use a GPT from outside, more when the pinned
    version is not the live one. Raises Forbidden (``external_not_allowed``) when the pinned version was taken
    back by its owner or by moderation.
    """
    roles = get_user_roles(user)
    if version is None or payer_id is None or not roles.companies or roles.membership_in(gpt.workspace_id):
        return version, relation
    approved = load_adoptions(user.pk, gpts=[gpt.pk]).approved
    pins = {company: gpts[gpt.pk] for company, gpts in approved.items() if gpt.pk in gpts}
    if not pins:
        return version, relation
    # Versions of one GPT get their numbers in the order of their ids, so the lowest id has the lowest number.
    company_id = payer_id if payer_id in pins else min(pins, key=lambda company: (pins[company], company))
    pinned_id = pins[company_id]
    relation = replace(relation, is_pinned=True)
    if pinned_id == version.pk:
        return version, relation
    if not is_still_served(pinned_id, list_reached_audiences(gpt, relation)):
        company = roles.membership_in(company_id)
        raise Forbidden(
            _(
                "%(company)s approved a version of this GPT that was taken back. Ask one of its admins to"
                " look at the present one."
            )
            % {"company": company.shown_name if company is not None else ""},
            code=EXTERNAL_NOT_ALLOWED,
        )
    return Version.objects.select_related("language_model__provider").get(pk=pinned_id), relation


def find_version_for(user: User, gpt: GPT, *, payer_id: int) -> Version | None:
    """Return the version that answers a GPT that ``user`` may chat with; raises as pin_version."""
    relation, version = get_relation_and_version(user, gpt)
    return pin_version(user, gpt, version, relation, payer_id=payer_id)[0]


def _check_chat(
    user: User, gpt: GPT, relation: GPTRelation, version: Version | None, *, is_draft: bool
) -> tuple[Version | None, GPTRelation]:
    if not may(GPTAct.VIEW_SETTINGS if is_draft else GPTAct.CHAT, gpt, relation):
        raise _blocked(gpt) if not is_draft and is_kept_from_chat(gpt, relation) else gpt_not_found()
    if gpt.quarantined_at is not None:
        raise _refusal_error(gpt)
    check_use(user, gpt)
    return (None if is_draft else version), relation


def access_version(user: User, gpt: GPT, number: int) -> Version:
    """Return one frozen version of a GPT whose settings ``user`` may view."""
    if not may(GPTAct.VIEW_SETTINGS, gpt, get_relation(user, gpt)):
        raise gpt_not_found()
    # A number from a URL can exceed what the column holds.
    version = gpt.versions.filter(number=number).first() if 0 < number < 2**31 else None
    if version is None:
        raise NotFound(_("This GPT has no such version."), code="version_not_found")
    return version


def gpt_not_found() -> NotFound:
    """Return the same error for a GPT that does not exist and for one that the person may not see."""
    return NotFound(_("There is no such GPT."), code="gpt_not_found")


def _blocked(gpt: GPT) -> Forbidden:
    return Forbidden(
        _("%(company)s has blocked this GPT in its store: %(reason)s")
        % {"company": gpt.workspace.name, "reason": gpt.block_reason},
        code=GPT_BLOCKED,
        data={"reason": gpt.block_reason},
    )


def _refusal_error(gpt: GPT) -> Forbidden:
    if gpt.quarantined_at is not None:
        return Forbidden(
            _("This GPT is quarantined by moderation. You can read its settings, but not change or run it."),
            code="gpt_quarantined",
        )
    if gpt.workspace.archived_at is not None:
        return Forbidden(
            _("%(workspace)s is archived and read only. One of its owners can open it again.")
            % {"workspace": gpt.workspace.name},
            code="workspace_archived",
        )
    return Forbidden(
        _("You may look at this GPT, but your right to it does not include this. Ask its owner."),
        code="gpt_forbidden",
    )
