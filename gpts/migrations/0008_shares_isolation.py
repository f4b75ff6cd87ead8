"""Who reads shared conversations and the words of turns: their person; a snapshot also who has its link."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.scope import row_level_security

OWN = "user_id = (SELECT loggia_user_id())"

# The link's token is a right of its own, for reading one row; gpts.chat.share_links writes the setting.
LINK = """
CREATE POLICY gpts_sharedconversation_link ON gpts_sharedconversation FOR SELECT
  USING (token = (SELECT nullif(current_setting('loggia.share_token', true), '')))
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0007_documents")]

    operations: ClassVar = [
        *row_level_security("gpts_sharedconversation", using=OWN),
        migrations.RunSQL(LINK, "DROP POLICY gpts_sharedconversation_link ON gpts_sharedconversation"),
        *row_level_security("gpts_turnwords", using=OWN),
    ]
