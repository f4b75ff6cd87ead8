"""Pages of this app."""

from django.conf import settings as django_settings
from django.urls import URLPattern, URLResolver, path, re_path

from workspaces.web import (
    api_keys,
    api_reference,
    gallery,
    mailbox,
    new_workspace,
    notifications,
    preferences,
    settings,
)
from workspaces.web.company import deletions, invite_links, members
from workspaces.web.company import urls as company_urls
from workspaces.web.operator import urls as operator_urls

app_name = "workspaces"
urlpatterns: list[URLPattern | URLResolver] = [
    path("settings/", settings.profile, name="settings-profile"),
    path("settings/appearance/", settings.appearance, name="settings-appearance"),
    path("settings/security/", settings.security, name="settings-security"),
    path("settings/data/", settings.data, name="settings-data"),
    path("settings/data/export", settings.export, name="account-export"),
    path("settings/data/delete", settings.delete, name="account-delete"),
    path("deletions/<uuid:erasure_id>", deletions.progress, name="erasure-progress"),
    path("settings/api-keys/", api_keys.api_keys, name="api-key-list"),
    path("settings/api-keys/<int:key_id>/revoke", api_keys.revoke, name="api-key-revoke"),
    path("settings/notifications/", notifications.notifications, name="notification-list"),
    path("settings/notifications/mails", notifications.set_mails, name="notification-mails"),
    path("settings/notifications/read", notifications.read_all, name="notification-read-all"),
    path(
        "settings/notifications/<uuid:notification_id>/open",
        notifications.open_notification,
        name="notification-open",
    ),
    path("api/", api_reference.reference, name="api-reference"),
    re_path(r"^api/openapi\.(?P<form>yaml|json)$", api_reference.document, name="api-document"),
    path("preferences/theme", preferences.theme, name="preference-theme"),
    path("preferences/language", preferences.language, name="preference-language"),
    path("w/new", new_workspace.new, name="workspace-new"),
    path("join/link/<str:token>", invite_links.join, name="link-join"),
    path("join/<str:token>", members.accept, name="invitation-accept"),
]
urlpatterns += company_urls.routes
urlpatterns += operator_urls.routes
urlpatterns += gallery.routes  # refuse in production
if django_settings.DEBUG:
    urlpatterns += [
        path("dev/mail/", mailbox.mailbox, name="mailbox"),
    ]
