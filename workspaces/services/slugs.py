"""Addresses of workspaces: readable, never given out twice."""

from __future__ import annotations

from django.utils.text import slugify

from core.text import make_slug
from workspaces.models import Workspace

# First parts of our own paths under /w/.
RESERVED = frozenset({"new", "admin", "api", "join"})


def unused_slug(name: str) -> str:
    """Return a slug made of ``name`` that no workspace has.

    Always with a random tail: the name of another tenant never shows by a collision.
    """
    slug = make_slug(name) if slugify(name) else make_slug("workspace")
    while Workspace.objects.filter(slug=slug).exists():
        slug = make_slug("workspace")
    return slug
