"""What the composer says about the workspace that a chat counts for."""

from __future__ import annotations

from dataclasses import dataclass, field

from gpts.assistants.models import GPT
from gpts.chat.queries.payers import list_payers
from workspaces.models import User
from workspaces.queries import Membership, get_user_roles


@dataclass(frozen=True)
class PayerMenu:
    """The workspace that a chat counts for, and the choice before the first message.

    ``chosen`` is None where it needs no word: the person has one workspace only, or left the one that paid.
    ``choices`` is empty where there is none to make; ``asked`` is the slug of the chosen one if the address
    named it.
    """

    chosen: Membership | None = None
    choices: list[Membership] = field(default_factory=list)
    asked: str = ""


def build_payer_menu(user: User, gpt: GPT, *, asked: str) -> PayerMenu:
    """Return the menu before the first message; an unknown ``asked`` leaves the default chosen."""
    payers = list_payers(user, gpt)
    if not _has_several_workspaces(user) or not payers:
        return PayerMenu()
    chosen = next((one for one in payers if one.slug == asked), None)
    return PayerMenu(
        chosen=chosen or payers[0],
        choices=payers if len(payers) > 1 else [],
        asked="" if chosen is None else chosen.slug,
    )


def build_payer_note(user: User, workspace_id: int) -> PayerMenu:
    """Return what a conversation that has begun says: it stays with its workspace."""
    if not _has_several_workspaces(user):
        return PayerMenu()
    return PayerMenu(chosen=get_user_roles(user).membership_in(workspace_id))


def _has_several_workspaces(user: User) -> bool:
    return len(get_user_roles(user).memberships) > 1
