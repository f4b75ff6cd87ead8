"""App configuration: what every other app builds on."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
