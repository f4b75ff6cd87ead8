"""Fetch and authorise a GPT or one of its versions in one call, or raise."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from core.errors import Forbidden, NotFound
from gpts.assistants.external import check_use
from gpts.assistants.models import GPT, Version
from gpts.assistants.queries.gpts import (
    find_gpt,
    find_gpt_with_live_versions,
    get_relation,
    get_relation_and_version,
)
from gpts.assistants.rules import GPTAct, GPTRelation, may
from workspaces.models import User


def access_gpt(user: User | AnonymousUser, slug: str, *, to: GPTAct) -> GPT:
    """Return the GPT with this slug if ``user`` may do ``to``.

    Raises NotFound when there is none or ``user`` may not see it, Forbidden (``gpt_forbidden`` or
    ``gpt_quarantined``) when ``user`` may see it but not do this. A chat with a GPT of another workspace
    must be allowed by the person's companies too (``external_not_allowed``).
    """
    gpt = find_gpt(slug)
    if gpt is None or not user.is_authenticated:
        raise gpt_not_found()
    relation = get_relation(user, gpt)
    if may(to, gpt, relation):
        if to is GPTAct.CHAT:
            check_use(user, gpt)
        return gpt
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


def recheck_chat(user: User, gpt: GPT, *, is_draft: bool) -> tuple[Version | None, GPTRelation]:
    """Return what access_chat does for a GPT that was fetched before: every answer is authorised anew."""
    return _check_chat(user, gpt, *get_relation_and_version(user, gpt), is_draft=is_draft)


def _check_chat(
    user: User, gpt: GPT, relation: GPTRelation, version: Version | None, *, is_draft: bool
) -> tuple[Version | None, GPTRelation]:
    if not may(GPTAct.VIEW_SETTINGS if is_draft else GPTAct.CHAT, gpt, relation):
        raise gpt_not_found()
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


def _refusal_error(gpt: GPT) -> Forbidden:
    if gpt.quarantined_at is not None:
        return Forbidden(
            _("This GPT is quarantined by moderation. You can read its settings, but not change or run it."),
            code="gpt_quarantined",
        )
    return Forbidden(
        _("You may look at this GPT, but your right to it does not include this. Ask its owner."),
        code="gpt_forbidden",
    )
