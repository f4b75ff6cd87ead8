"""App configuration of the roof, so that its management commands are found."""

from django.apps import AppConfig


class RoofConfig(AppConfig):
    name = "config"
