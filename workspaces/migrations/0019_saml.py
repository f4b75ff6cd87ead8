"""Connections to identity providers by SAML 2.0 beside those by OpenID Connect."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("workspaces", "0018_domain_claims")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="identityconnection",
            name="kind",
            field=models.CharField(choices=[("oidc", "OpenID Connect"), ("saml", "SAML 2.0")], max_length=10),
        ),
    ]
