"""The web service: Django's ASGI application, connected to the database as the role "app"."""

from __future__ import annotations

import os
import warnings

# Static files come from whitenoise's sync iterators; Django reads each whole, which is fine for ours.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("LOGGIA_DATABASE_ROLE", "app")

import django  # noqa: E402 - reads the environment above

django.setup(set_prefix=False)

from config.handler import OneHopHandler  # noqa: E402 - needs the apps

application = OneHopHandler()
