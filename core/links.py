"""Absolute addresses of this instance. They come from BASE_URL, never from the Host header of a request."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from django.conf import settings


def absolute_url(path: str) -> str:
    """Return the whole address of ``path``, which begins with a slash."""
    return settings.BASE_URL + path


def join_base_url(location: str, *, path: str) -> str:
    """Return ``location`` as an absolute address; ``path`` is the page that a relative one starts from."""
    return urljoin(settings.BASE_URL + path, location)


def get_site_host() -> str:
    """Return host and, if there is one, port of BASE_URL."""
    return urlsplit(settings.BASE_URL).netloc


def get_site_name() -> str:
    """Return the host of BASE_URL without the port."""
    return urlsplit(settings.BASE_URL).hostname or ""
