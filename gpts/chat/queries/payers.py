"""Which workspace a new conversation counts for: it holds the conversation, and its budgets pay."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput
from core.scope import current_scope
from gpts.assistants.models import GPT
from workspaces.access import personal_workspace
from workspaces.models import User
from workspaces.queries import Membership, get_user_roles
from workspaces.states import COMPANY_KINDS, WorkspaceKind


def list_payers(user: User, gpt: GPT) -> list[Membership]:
    """Return the workspaces of ``user`` that a new chat with ``gpt`` may count for, the default first.

    A chat with a GPT of a company counts for that company, as its knowledge is in the answers. Otherwise the
    default is the GPT's own workspace for its members, then the person's one company if it is an enterprise,
    then the personal one. No query where the roles were read before. An API key has one workspace only.
    """
    scope = current_scope()
    found = [
        one
        for one in get_user_roles(user).memberships
        if scope.system != "" or one.workspace_id in scope.workspace_ids
    ]
    own = next((one for one in found if one.workspace_id == gpt.workspace_id), None)
    if own is not None and own.kind in COMPANY_KINDS:
        return [own]
    default = own or _get_only_enterprise(found) or _get_personal(found)
    return sorted(found, key=lambda one: one != default)


def choose_payer_id(user: User, gpt: GPT, *, asked: str = "") -> int:
    """Return the id of the workspace with the slug ``asked``, or of the default of list_payers.

    Raises InvalidInput (field ``workspace``): ``workspace_unknown`` when the person is no member there,
    ``workspace_fixed`` when chats with this GPT count for its company alone.
    """
    choices = list_payers(user, gpt)
    if not asked:
        return choices[0].workspace_id if choices else personal_workspace(user).pk
    for one in choices:
        if one.slug == asked:
            return one.workspace_id
    known = any(one.slug == asked for one in get_user_roles(user).memberships)
    if known and choices:
        raise refuse_fixed(choices[0].shown_name)
    raise InvalidInput(
        _("You are not a member of this workspace, so the chat cannot count for it. Choose another one."),
        code="workspace_unknown",
        field="workspace",
    )


def check_key_pays(user: User, workspace_id: int, *, asked: str) -> None:
    """Raise InvalidInput (``workspace_fixed``) unless ``asked`` is empty or names the key's workspace."""
    own = get_user_roles(user).membership_in(workspace_id)
    if asked and (own is None or own.slug != asked):
        raise refuse_fixed("" if own is None else own.shown_name)


def refuse_fixed(name: str) -> InvalidInput:
    return InvalidInput(
        _("This chat counts for %(name)s and for no other workspace.") % {"name": name},
        code="workspace_fixed",
        field="workspace",
    )


def _get_only_enterprise(found: list[Membership]) -> Membership | None:
    companies = [one for one in found if one.kind in COMPANY_KINDS]
    is_only = len(companies) == 1 and companies[0].kind == WorkspaceKind.ENTERPRISE
    return companies[0] if is_only else None


def _get_personal(found: list[Membership]) -> Membership | None:
    return next((one for one in found if one.kind == WorkspaceKind.PERSONAL), None)
