"""The sharing policy of a workspace."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import LimitUnreadable
from workspaces.models import SharingPolicy


def get_sharing_policy(workspace_id: int) -> SharingPolicy:
    """Return the policy that every workspace has.

    Raises LimitUnreadable where it is missing or hidden: no row must not read as "everything is allowed".
    """
    policy = SharingPolicy.objects.filter(workspace_id=workspace_id).first()
    if policy is None:
        raise LimitUnreadable(
            _("The sharing rules of this workspace cannot be read, so nothing was shared. Tell an operator."),
            code="limit_unreadable",
        )
    return policy
