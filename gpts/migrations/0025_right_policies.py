"""Who reads and writes shares and transfers; editors write in the database too, and nobody else."""
# ruff: noqa: E501 - conditions in readable lines

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import (
    NOBODY,
    SEARCH_PATH,
    KeepTenant,
    SetRowPolicies,
    in_administered_workspaces,
    in_own_workspaces,
    is_person,
)

INSIDE = in_own_workspaces("workspace_id")
ADMIN = in_administered_workspaces("workspace_id")

# Who may write what is part of a GPT (the owner and the admins), and who may besides change its draft: people
# with a share to edit, themselves or through a group, while they are builders of its workspace.
FUNCTIONS = f"""
CREATE FUNCTION gpts_gpt_is_owned(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM gpts_gpt g WHERE g.id = key AND (
      g.workspace_id = ANY(loggia_admin_workspace_ids())
      OR g.owner_id = loggia_user_id() AND g.workspace_id = ANY(loggia_workspace_ids())));
END $$;

CREATE FUNCTION gpts_gpt_is_edited(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM gpts_gptshare s
      JOIN workspaces_member m ON m.workspace_id = s.workspace_id AND m.user_id = loggia_user_id()
     WHERE s.gpt_id = key AND s."right" = 'edit' AND m.role <> 'member'
       AND s.workspace_id = ANY(loggia_workspace_ids())
       AND (s.user_id = m.user_id
            OR EXISTS (SELECT 1 FROM workspaces_groupmember p WHERE p.group_id = s.group_id AND p.member_id = m.id)));
END $$;

-- A share is with its GPT's workspace: not with a group of another one, nor of a GPT that belongs elsewhere.
CREATE FUNCTION gpts_share_fits(gpt bigint, workspace bigint, shared_group bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_gpt g WHERE g.id = gpt AND g.workspace_id = workspace)
     AND (shared_group IS NULL
          OR EXISTS (SELECT 1 FROM workspaces_group r WHERE r.id = shared_group AND r.workspace_id = workspace));
END $$;

CREATE OR REPLACE FUNCTION gpts_gpt_is_writable(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN loggia_has_staff('moderator') OR gpts_gpt_is_owned(key) OR gpts_gpt_is_edited(key);
END $$;

-- A guest sees the GPT that is shared with them, and the models of its workspace, which answer.
CREATE OR REPLACE FUNCTION gpts_gpt_is_known(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_conversation c WHERE c.gpt_id = key AND c.user_id = loggia_user_id())
      OR EXISTS (SELECT 1 FROM gpts_sharedconversation s WHERE s.gpt_id = key)
      OR EXISTS (SELECT 1 FROM gpts_gptshare p WHERE p.gpt_id = key AND p.user_id = loggia_user_id());
END $$;

CREATE OR REPLACE FUNCTION gpts_workspace_shares(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_gpt g WHERE g.workspace_id = key AND g.is_shared)
      OR EXISTS (SELECT 1 FROM gpts_gptshare p WHERE p.workspace_id = key AND p.user_id = loggia_user_id());
END $$;
"""  # noqa: S608 - a constant

OLD_FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION gpts_gpt_is_writable(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN loggia_has_staff('moderator') OR gpts_gpt_is_owned(key);
END $$;
CREATE OR REPLACE FUNCTION gpts_gpt_is_known(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_conversation c WHERE c.gpt_id = key AND c.user_id = loggia_user_id())
      OR EXISTS (SELECT 1 FROM gpts_sharedconversation s WHERE s.gpt_id = key);
END $$;
CREATE OR REPLACE FUNCTION gpts_workspace_shares(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_gpt g WHERE g.workspace_id = key AND g.is_shared);
END $$;
DROP FUNCTION gpts_share_fits(bigint, bigint, bigint);
DROP FUNCTION gpts_gpt_is_edited(bigint);
"""  # noqa: S608 - a constant

# An editor changes the draft, and nothing that belongs to the owner: whose it is, its address, whether it lives.
# An owner hands a GPT over in the scope of an admin (gpts.assistants.services.transfers).
EDITORS = f"""
CREATE POLICY gpts_gpt_edited ON gpts_gpt FOR UPDATE
  USING (gpts_gpt_is_edited(id))
  WITH CHECK (gpts_gpt_is_edited(id) AND (language_model_id IS NULL OR gpts_languagemodel_is_seen(language_model_id)));

CREATE FUNCTION gpts_keep_owner() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  IF NOT (loggia_is_system()
          OR (NEW.workspace_id = OLD.workspace_id AND OLD.workspace_id = ANY(loggia_admin_workspace_ids())
              AND EXISTS (SELECT 1 FROM workspaces_member m
                           WHERE m.workspace_id = NEW.workspace_id AND m.user_id = NEW.owner_id
                             AND m.role <> 'member')))
  THEN
    RAISE EXCEPTION 'a row of % stays with whom it belongs to', TG_TABLE_NAME
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER gpts_gpt_stays ON gpts_gpt;
CREATE TRIGGER gpts_gpt_stays BEFORE UPDATE OF workspace_id, owner_id ON gpts_gpt
  FOR EACH ROW WHEN (OLD.workspace_id IS DISTINCT FROM NEW.workspace_id OR OLD.owner_id IS DISTINCT FROM NEW.owner_id)
  EXECUTE FUNCTION gpts_keep_owner();

CREATE FUNCTION gpts_refuse_editor() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
BEGIN
  IF NOT (loggia_is_system() OR loggia_has_staff('moderator') OR loggia_has_staff('operator')
          OR OLD.workspace_id = ANY(loggia_admin_workspace_ids())
          OR (OLD.owner_id = loggia_user_id() AND OLD.workspace_id = ANY(loggia_workspace_ids())))
  THEN
    RAISE EXCEPTION 'an editor changes the draft of a GPT only' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gpts_gpt_owners_part BEFORE UPDATE OF slug, former_slug, deleted_at, quarantined_at, erased_at ON gpts_gpt
  FOR EACH ROW WHEN (
    OLD.slug IS DISTINCT FROM NEW.slug OR OLD.former_slug IS DISTINCT FROM NEW.former_slug
    OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at OR OLD.quarantined_at IS DISTINCT FROM NEW.quarantined_at
    OR OLD.erased_at IS DISTINCT FROM NEW.erased_at)
  EXECUTE FUNCTION gpts_refuse_editor();
"""  # noqa: S608 - a constant
NO_EDITORS = """
DROP TRIGGER gpts_gpt_owners_part ON gpts_gpt;
DROP FUNCTION gpts_refuse_editor();
DROP TRIGGER gpts_gpt_stays ON gpts_gpt;
DROP FUNCTION gpts_keep_owner();
DROP POLICY gpts_gpt_edited ON gpts_gpt;
CREATE TRIGGER gpts_gpt_stays BEFORE UPDATE OF workspace_id, owner_id ON gpts_gpt
  FOR EACH ROW WHEN (OLD.workspace_id IS DISTINCT FROM NEW.workspace_id OR OLD.owner_id IS DISTINCT FROM NEW.owner_id)
  EXECUTE FUNCTION loggia_refuse_move();
"""

# Chats look for shares only where there are any. A person's shares end with their membership and a group's with
# the group, in the same transaction and whoever ends them: the functions write as an admin of the workspace, and
# put the setting back.
TRIGGERS = f"""
CREATE FUNCTION gpts_note_shares() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
DECLARE changed bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.gpt_id ELSE NEW.gpt_id END;
DECLARE is_now boolean := EXISTS (SELECT 1 FROM gpts_gptshare s WHERE s.gpt_id = changed);
BEGIN
  UPDATE gpts_gpt SET has_shares = is_now WHERE id = changed AND has_shares <> is_now;
  RETURN NULL;
END $$;
CREATE TRIGGER gpts_gptshare_noted AFTER INSERT OR DELETE ON gpts_gptshare
  FOR EACH ROW EXECUTE FUNCTION gpts_note_shares();

CREATE FUNCTION gpts_end_shares_of_person() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
DECLARE before text := COALESCE(current_setting('loggia.admin_workspace_ids', true), '');
BEGIN
  PERFORM set_config('loggia.admin_workspace_ids', '{{' || OLD.workspace_id || '}}', true);
  DELETE FROM gpts_gptshare WHERE workspace_id = OLD.workspace_id AND user_id = OLD.user_id;
  PERFORM set_config('loggia.admin_workspace_ids', before, true);
  RETURN NULL;
END $$;
CREATE TRIGGER workspaces_member_shares AFTER DELETE ON workspaces_member
  FOR EACH ROW EXECUTE FUNCTION gpts_end_shares_of_person();

CREATE FUNCTION gpts_end_shares_of_group() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
DECLARE before text := COALESCE(current_setting('loggia.admin_workspace_ids', true), '');
BEGIN
  PERFORM set_config('loggia.admin_workspace_ids', '{{' || OLD.workspace_id || '}}', true);
  DELETE FROM gpts_gptshare WHERE workspace_id = OLD.workspace_id AND group_id = OLD.id;
  PERFORM set_config('loggia.admin_workspace_ids', before, true);
  RETURN NULL;
END $$;
CREATE TRIGGER workspaces_group_shares AFTER DELETE ON workspaces_group
  FOR EACH ROW EXECUTE FUNCTION gpts_end_shares_of_group();
"""  # noqa: S608 - a constant
NO_TRIGGERS = """
DROP FUNCTION gpts_end_shares_of_group() CASCADE;
DROP FUNCTION gpts_end_shares_of_person() CASCADE;
DROP FUNCTION gpts_note_shares() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("core", "0006_audit_policies"), ("gpts", "0024_rights")]

    operations: ClassVar = [
        migrations.RunSQL(FUNCTIONS, OLD_FUNCTIONS + "DROP FUNCTION gpts_gpt_is_owned(bigint) CASCADE;"),
        migrations.RunSQL(EDITORS, NO_EDITORS),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        # Shares: read in the GPT's workspace, and by the guest whom they name; written by its owner and the
        # admins, never by an editor; a person may lay down their own.
        SetRowPolicies(
            "gpts_gptshare",
            read=f"{INSIDE} OR {is_person('user_id')}",
            add="gpts_gpt_is_owned(gpt_id) AND gpts_share_fits(gpt_id, workspace_id, group_id)",
            change="gpts_gpt_is_owned(gpt_id)",
            remove=f"gpts_gpt_is_owned(gpt_id) OR {is_person('user_id')} OR {ADMIN}",
        ),
        KeepTenant("gpts_gptshare", "workspace_id", "gpt_id", "user_id", "group_id"),
        # Transfers: asked for by admins, carried out by the worker.
        SetRowPolicies(
            "gpts_gpttransfer",
            read=ADMIN,
            add=f"{ADMIN} AND {is_person('requested_by_id')}",
            change=NOBODY,
            remove=NOBODY,
        ),
    ]
