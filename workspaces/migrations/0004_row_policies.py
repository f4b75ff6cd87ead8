"""Who reads and writes accounts, workspaces, members, invitations, groups, keys and staff roles."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import (
    ANYBODY,
    NOBODY,
    SEARCH_PATH,
    KeepTenant,
    MakeSight,
    SetRowPolicies,
    has_staff_role,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

OWN = is_person("user_id")
INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")
OPERATOR = has_staff_role("operator")
MODERATOR = has_staff_role("moderator")
# core.scope.with_share_token writes the setting: the page of an invitation is opened by its token's hash.
INVITED = (
    "email = (SELECT u.email FROM workspaces_user u WHERE u.id = loggia_user_id())"
    " OR token_hash = (SELECT NULLIF(current_setting('loggia.share_token', true), ''))"
)
# The functions below write these.
SENT = (
    "prefix = (SELECT NULLIF(current_setting('loggia.key_prefix', true), ''))"
    " OR id = ANY((SELECT NULLIF(current_setting('loggia.key_ids', true), ''))::bigint[])"
)

# What a request needs before it has a scope: the roles of the person who signed in, and the key that a caller
# sent. Each reads as that one person, or for that one prefix, and puts the setting back.
DOORS = f"""
CREATE FUNCTION workspaces_roles_of(person bigint, OUT memberships text, OUT staff text[])
RETURNS SETOF record LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
DECLARE before text := COALESCE(current_setting('loggia.user_id', true), '');
BEGIN
  PERFORM set_config('loggia.user_id', person::text, true);
  RETURN QUERY
    SELECT (SELECT json_agg(json_build_array(w.id, w.slug, w.name, w.kind, m.role)
                            ORDER BY w.person_id, w.name, w.id)::text
              FROM workspaces_member m JOIN workspaces_workspace w ON w.id = m.workspace_id
             WHERE m.user_id = u.id AND w.suspended_at IS NULL),
           ARRAY(SELECT s.role::text FROM workspaces_staffrole s WHERE s.user_id = u.id)
      FROM workspaces_user u WHERE u.id = person AND u.is_active;
  PERFORM set_config('loggia.user_id', before, true);
END $$;

CREATE FUNCTION workspaces_key_of(sent varchar) RETURNS SETOF workspaces_apikey
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
DECLARE before text := COALESCE(current_setting('loggia.workspace_ids', true), '');
BEGIN
  PERFORM set_config('loggia.key_prefix', sent, true);
  PERFORM set_config('loggia.workspace_ids', '{{}}', true);  -- as for a visitor: a scope must be open
  RETURN QUERY SELECT k.* FROM workspaces_apikey k WHERE k.prefix = sent;
  PERFORM set_config('loggia.workspace_ids', before, true);
  PERFORM set_config('loggia.key_prefix', '', true);
END $$;

-- Which of these keys still count: for the recheck of streams that many people opened.
CREATE FUNCTION workspaces_keys_in_force(keys bigint[], moment timestamptz) RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  PERFORM set_config('loggia.key_ids', keys::text, true);
  RETURN QUERY SELECT k.id FROM workspaces_apikey k
    WHERE k.id = ANY(keys) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > moment);
  PERFORM set_config('loggia.key_ids', '', true);
END $$;

CREATE FUNCTION workspaces_member_is_own(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM workspaces_member m WHERE m.id = key AND m.user_id = loggia_user_id());
END $$;

CREATE FUNCTION workspaces_group_is_administered(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM workspaces_group g
                 WHERE g.id = key AND g.workspace_id = ANY(loggia_admin_workspace_ids()));
END $$;
"""  # noqa: S608 - a constant
CLOSE_DOORS = """
DROP FUNCTION workspaces_group_is_administered(bigint);
DROP FUNCTION workspaces_member_is_own(bigint);
DROP FUNCTION workspaces_keys_in_force(bigint[], timestamptz);
DROP FUNCTION workspaces_key_of(varchar);
DROP FUNCTION workspaces_roles_of(bigint);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0006_audit_policies"),
        ("workspaces", "0003_workspace_created_by"),
    ]

    operations: ClassVar = [
        migrations.RunSQL(DOORS, CLOSE_DOORS),
        MakeSight("workspaces_member"),
        MakeSight("workspaces_group"),
        MakeSight("workspaces_apikey"),
        # Workspaces: named wherever their GPTs are; made by whoever will own them, changed by their admins.
        # Members lock them when they leave, which changes nothing.
        SetRowPolicies(
            "workspaces_workspace",
            read=ANYBODY,
            add=f"{is_person('person_id')} OR (person_id IS NULL AND (SELECT loggia_user_id()) IS NOT NULL)",
            change=f"{in_own_workspaces('id')} OR {is_person('person_id')} OR {OPERATOR}",
            change_to=f"{in_administered_workspaces('id')} OR {is_person('person_id')} OR {OPERATOR}",
            remove=NOBODY,
        ),
        # Members: their workspace and staff, who look for conflicts of interest; one may leave by oneself.
        SetRowPolicies(
            "workspaces_member",
            read=f"{OWN} OR {INSIDE} OR {MODERATOR} OR {OPERATOR}",
            add=ADMIN,
            change=ADMIN,
            remove=f"{ADMIN} OR {OWN}",
        ),
        # Invitations: the workspace's admins; also read by whoever was invited.
        SetRowPolicies(
            "workspaces_invitation",
            read=f"{ADMIN} OR {INVITED}",
            add=f"{ADMIN} AND {is_person('invited_by_id')}",
            change=ADMIN,
            remove=NOBODY,
        ),
        # Groups: read inside the workspace, written by its admins; with a membership its groups end.
        SetRowPolicies("workspaces_group", read=INSIDE, add=ADMIN, change=ADMIN, remove=ADMIN),
        SetRowPolicies(
            "workspaces_groupmember",
            read="workspaces_group_is_seen(group_id) OR workspaces_member_is_own(member_id)",
            add="workspaces_group_is_administered(group_id)",
            change="workspaces_group_is_administered(group_id)",
            remove="workspaces_group_is_administered(group_id) OR workspaces_member_is_own(member_id)",
            refers={"member_id": "workspaces_member"},
        ),
        # Moderation reads whether a workspace allows what it is about to publish.
        SetRowPolicies(
            "workspaces_sharingpolicy",
            read=f"{INSIDE} OR {MODERATOR}",
            add=ADMIN,
            change=ADMIN,
            remove=NOBODY,
        ),
        # Keys: their person, in a workspace of theirs; admins see and revoke those of their workspace.
        SetRowPolicies(
            "workspaces_apikey",
            read=f"{OWN} OR {ADMIN} OR {SENT}",
            add=f"{OWN} AND {INSIDE}",
            change=f"{OWN} OR {ADMIN}",
            change_to=f"{OWN} OR ({ADMIN} AND revoked_at IS NOT NULL)",
            remove=NOBODY,
        ),
        KeepTenant("workspaces_apikey", "workspace_id", "user_id"),
        # Staff roles: granted by operators; one may lay down one's own.
        SetRowPolicies(
            "workspaces_staffrole",
            read=f"{OWN} OR {OPERATOR} OR {MODERATOR}",
            add=OPERATOR,
            change=OPERATOR,
            remove=f"{OPERATOR} OR {OWN}",
        ),
        # Notifications: their person; services write them in that person's scope.
        SetRowPolicies(
            "workspaces_notification",
            read=OWN,
            add=OWN,
            change=OWN,
            remove=OWN,
            instead_of="workspaces.migrations.0002_isolation",
        ),
    ]
