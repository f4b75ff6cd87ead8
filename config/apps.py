"""App configuration of the project package, so that Django finds its management commands."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
