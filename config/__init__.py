"""The roof: settings, urls, asgi, celery and the embedded servers. Imports everything; nothing imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
