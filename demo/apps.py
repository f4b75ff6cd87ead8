"""App configuration of the demo, so that Django finds its management command."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "demo"
