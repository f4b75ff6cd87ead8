"""URL slugs of workspaces: readable and unique."""

from __future__ import annotations

from django.utils.text import slugify

from core.text import make_slug
from workspaces.models import Workspace

# Used by our own paths under /w/.
RESERVED = frozenset({"new", "admin", "api", "join"})


def build_slug(name: str) -> str:
    """Return a slug made from ``name``, which a workspace may have, though hardly.

    Always with a random suffix, so that a collision cannot reveal the name of another tenant.
    """
    return make_slug(name) if slugify(name) else make_slug("workspace")


def unused_slug(name: str) -> str:
    """Return a slug made from ``name`` that no workspace has."""
    slug = build_slug(name)
    while Workspace.objects.filter(slug=slug).exists():
        slug = make_slug("workspace")
    return slug
