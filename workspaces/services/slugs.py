"""URL slugs of workspaces: readable and unique."""

from __future__ import annotations

from django.utils.text import slugify

from core.text import make_slug
from workspaces.models import Workspace

# Used by our own paths under /w/.
RESERVED = frozenset({"new", "admin", "api", "join"})


def unused_slug(name: str) -> str:
    """Return a slug made from ``name`` that no workspace has.

    Always with a random suffix, so that a collision cannot reveal the name of another tenant.
    """
    slug = make_slug(name) if slugify(name) else make_slug("workspace")
    while Workspace.objects.filter(slug=slug).exists():
        slug = make_slug("workspace")
    return slug
