"""All routes: pages at the root, the APIs under /api/v1/ and /scim/v2/, accounts by allauth, health."""

from __future__ import annotations

from django.urls import include, path

from config import health
from config.metrics import metrics
from config.operator_health import send_mail_test, show_health, show_mail_test
from config.operator_limits import show_limits
from config.operator_overview import show_overview
from workspaces.web.code_resend import ConfirmEmailView

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("operator/", show_overview, name="operator-overview"),
    path("operator/health", show_health, name="operator-health"),
    path("operator/health/mail-test", show_mail_test, name="operator-mail-test"),
    path("operator/health/mail-test/send", send_mail_test, name="operator-mail-test-send"),
    path("operator/limits", show_limits, name="operator-limits"),
    # In place of allauth's page at the same address.
    path("accounts/confirm-email/", ConfirmEmailView.as_view(), name="account_email_verification_sent"),
    path("accounts/", include("allauth.urls")),
    path("", include("marketplace.web.urls")),
    path("", include("workspaces.web.urls")),
    path("", include("gpts.urls")),
    path("", include("reviews.web.urls")),
    path("", include("payouts.web.urls")),
    path("scim/v2/<slug:workspace>/", include("workspaces.api.scim.urls")),
    path("api/v1/", include("config.operator_api")),
    path("api/v1/", include("workspaces.api.urls")),
    path("api/v1/", include("gpts.api_urls")),
    path("api/v1/", include("marketplace.api.urls")),
    path("api/v1/", include("reviews.api.urls")),
    path("api/v1/", include("payouts.api.urls")),
]
