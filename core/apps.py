"""App configuration: the small vocabulary that every floor shares."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
