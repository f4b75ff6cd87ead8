"""The web service: Django's ASGI application, connected to the database as the role "app"."""

from __future__ import annotations

import os
import threading
import warnings

# whitenoise streams static files from sync iterators; Django reads each completely, and ours are small.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("LOGGIA_DATABASE_ROLE", "app")

import django  # noqa: E402 - reads the environment above

django.setup(set_prefix=False)

from config.handler import SingleThreadHandler  # noqa: E402 - needs the apps
from core.render_pool import get_pool  # noqa: E402 - needs the settings
from gpts.llm.runtime.openai_clients import load_sdk  # noqa: E402 - needs the settings
from marketplace.search.meaning import start_keeping  # noqa: E402 - needs the apps

application = SingleThreadHandler()
get_pool().start()
start_keeping()
# Beside the first requests, so that the first chat does not wait for it.
threading.Thread(target=load_sdk, name="load-openai", daemon=True).start()
