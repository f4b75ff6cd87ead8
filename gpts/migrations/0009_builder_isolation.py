"""A Create conversation is its person's alone, also towards colleagues and admins."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import row_level_security

OWN = "user_id = (SELECT loggia_user_id())"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0008_shares_isolation")]

    operations: ClassVar = [
        *row_level_security("gpts_buildermessage", using=OWN),
        *row_level_security("gpts_builderchange", using=OWN),
    ]
