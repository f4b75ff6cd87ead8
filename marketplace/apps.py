"""App configuration: The public store."""

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"
