"""App configuration: users, workspaces and their members."""

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"
