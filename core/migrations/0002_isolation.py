"""Who acts, as policies of all apps ask it, and who sees the audit log."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

from core.migration_operations import EnableRowSecurity, in_administered_workspaces, is_person

# They read the settings that core.scope writes; unset settings grant nothing.
FUNCTIONS = """
CREATE FUNCTION loggia_user_id() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('loggia.user_id', true), '')::bigint $$;
CREATE FUNCTION loggia_workspace_ids() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT COALESCE(NULLIF(current_setting('loggia.workspace_ids', true), ''), '{}')::bigint[] $$;
CREATE FUNCTION loggia_admin_workspace_ids() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT COALESCE(NULLIF(current_setting('loggia.admin_workspace_ids', true), ''), '{}')::bigint[] $$;
CREATE FUNCTION loggia_has_staff(role text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT role = ANY(COALESCE(NULLIF(current_setting('loggia.staff', true), ''), '{}')::text[]) $$;
CREATE FUNCTION loggia_is_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT COALESCE(current_setting('loggia.system', true), '') <> ''
      AND pg_has_role(current_user, '%(worker)s', 'USAGE') $$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION loggia_is_system();
DROP FUNCTION loggia_has_staff(text);
DROP FUNCTION loggia_admin_workspace_ids();
DROP FUNCTION loggia_workspace_ids();
DROP FUNCTION loggia_user_id();
"""

SEEN = (
    f"{in_administered_workspaces('workspace_id')} OR {is_person('actor_id')}"
    " OR (workspace_id IS NULL AND (SELECT loggia_has_staff('operator')))"
)
WRITTEN = "(SELECT loggia_user_id()) IS NOT NULL AND actor_id = (SELECT loggia_user_id()) OR actor_id IS NULL"


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0001_tables")]

    operations: ClassVar = [
        migrations.RunSQL(FUNCTIONS % settings.DATABASE_ROLES, DROP_FUNCTIONS),
        # Read by admins of the workspace, the actor, and operators where there is no workspace; added by the
        # actor, or by anybody where there is no actor.
        EnableRowSecurity("core_auditevent", using=SEEN, check=WRITTEN),
    ]
