"""Without an open scope a tenant's table answers with an error instead of no rows.

Every policy asks ``loggia_is_system`` before any other condition, once a query and only where a row would
have to be hidden, so the check needs no other place. ``core.scope`` writes ``{}`` for an empty list of
workspaces, which tells a visitor's scope from none at all. Migrations, which sign in as the owner, need no
scope: the owner sees no more rows than before. A job may read the store as the public role, for which its
system scope counts for nothing.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import migrations

REQUIRE_SCOPE = """
CREATE OR REPLACE FUNCTION loggia_is_system() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  purpose text := coalesce(current_setting('loggia.system', true), '');
BEGIN
  IF purpose = '' THEN
    IF coalesce(current_setting('loggia.workspace_ids', true), '') = ''
       AND coalesce(current_setting('loggia.user_id', true), '') = ''
       AND session_user <> '%(owner)s' THEN
      RAISE EXCEPTION 'no row-level scope is open'
        USING ERRCODE = 'insufficient_privilege', HINT = 'Open one first: see core/scope.py.';
    END IF;
    RETURN false;
  END IF;
  IF current_user = '%(public)s' THEN
    RETURN false;
  END IF;
  IF NOT pg_has_role(current_user, '%(worker)s', 'USAGE') THEN
    RAISE EXCEPTION 'a system scope is for the role of workers'
      USING ERRCODE = 'insufficient_privilege', HINT = 'Open the scope of the person who acts.';
  END IF;
  RETURN true;
END $$;
"""

ALLOW_NO_SCOPE = """
CREATE OR REPLACE FUNCTION loggia_is_system() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN coalesce(current_setting('loggia.system', true), '') <> ''
     AND pg_has_role(current_user, '%(worker)s', 'USAGE');
END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0004_function_search_paths")]

    operations: ClassVar = [
        migrations.RunSQL(REQUIRE_SCOPE % settings.DATABASE_ROLES, ALLOW_NO_SCOPE % settings.DATABASE_ROLES),
    ]
