"""What a person may do in their state: one check for each act, asked by every way to do it.

It is asked again when something that waited takes effect, such as an approval. Whose object it is, and in
which role, is asked elsewhere (``access`` of each app).
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import Forbidden
from workspaces.models import User
from workspaces.policy import Act
from workspaces.queries import get_sharing_policy

__all__ = ["ALWAYS", "REFUSED_TO_SUSPENDED", "Act", "check_act", "check_workspace_open"]

# Always allowed: a decision against a person must stay open to objection.
ALWAYS = frozenset({Act.APPEAL})
# Private work and work inside a company go on during a suspension: only that workspace's rules apply to them.
REFUSED_TO_SUSPENDED = frozenset(
    {Act.SHARE_BY_LINK, Act.PUBLISH, Act.SHARE_CONVERSATION, Act.REPORT, Act.RATE}
)
LEAVES_WORKSPACE = frozenset({Act.SHARE_BY_LINK, Act.PUBLISH})


def check_act(person: User, act: Act, *, workspace_id: int | None = None) -> None:
    """Raise Forbidden when ``person`` may not do ``act`` in their present state.

    The codes are ``account_closed``, ``builder_suspended`` and ``publishing_not_allowed``, the last one for a
    workspace that keeps its GPTs inside. Reads the state anew: ``person`` may be an old object.
    """
    if act in ALWAYS:
        return
    state = User.objects.filter(pk=person.pk).values_list("is_active", "publishing_suspended_at").first()
    if state is None or not state[0]:
        raise Forbidden(_("This account is closed."), code="account_closed")
    if state[1] is not None and act in REFUSED_TO_SUSPENDED:
        raise Forbidden(
            _(
                "Publishing is suspended for this builder. The statement of reasons says why and"
                " how to object."
            ),
            code="builder_suspended",
        )
    check_workspace_open(act, workspace_id)


def check_workspace_open(act: Act, workspace_id: int | None) -> None:
    """Raise Forbidden (``publishing_not_allowed``) when the workspace's sharing policy refuses ``act``."""
    if act not in LEAVES_WORKSPACE or workspace_id is None:
        return
    if not get_sharing_policy(workspace_id).may_publish:
        raise Forbidden(
            _("This workspace keeps its GPTs inside. Ask one of its admins to allow publishing."),
            code="publishing_not_allowed",
        )
