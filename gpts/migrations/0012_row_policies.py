"""Who reads and writes GPTs, models, chats, knowledge, tests, usage and budgets; no row points to a foreign one."""
# ruff: noqa: E501 - conditions in readable lines

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import (
    IS_SIGNED_IN,
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
FINANCE, MODERATOR, OPERATOR = map(has_staff_role, ("finance", "moderator", "operator"))
# In some scope at all: of a person, or of a recheck of running answers, which has workspaces only.
IS_ANYWHERE = f"{IS_SIGNED_IN} OR cardinality((SELECT loggia_workspace_ids())) > 0"

# A column of the database alone, so that the policy of a GPT reads no other table for those that are shared.
SHARED = f"""
ALTER TABLE gpts_gpt ADD COLUMN is_shared boolean NOT NULL DEFAULT false;
UPDATE gpts_gpt SET is_shared = true
 WHERE id IN (SELECT l.gpt_id FROM gpts_liveversion l WHERE l.audience IN ('public', 'link'));
CREATE INDEX gpts_gpt_shared ON gpts_gpt (workspace_id) WHERE is_shared;

CREATE FUNCTION gpts_note_sharing() RETURNS trigger LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
DECLARE changed bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.gpt_id ELSE NEW.gpt_id END;
DECLARE is_now boolean := EXISTS (
  SELECT 1 FROM gpts_liveversion l WHERE l.gpt_id = changed AND l.audience IN ('public', 'link'));
BEGIN
  UPDATE gpts_gpt SET is_shared = is_now WHERE id = changed AND is_shared <> is_now;
  RETURN NULL;
END $$;
CREATE TRIGGER gpts_liveversion_sharing AFTER INSERT OR UPDATE OR DELETE ON gpts_liveversion
  FOR EACH ROW EXECUTE FUNCTION gpts_note_sharing();
"""  # noqa: S608 - a constant
DROP_SHARED = """
DROP FUNCTION gpts_note_sharing() CASCADE;
ALTER TABLE gpts_gpt DROP COLUMN is_shared;
"""

# A person keeps seeing a GPT that they talked with, and the holder of a link the GPT of that conversation.
KNOWN = f"""
CREATE FUNCTION gpts_gpt_is_known(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_conversation c WHERE c.gpt_id = key AND c.user_id = loggia_user_id())
      OR EXISTS (SELECT 1 FROM gpts_sharedconversation s WHERE s.gpt_id = key);
END $$;

CREATE FUNCTION gpts_gpt_is_writable(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN loggia_has_staff('moderator') OR EXISTS (
    SELECT 1 FROM gpts_gpt g WHERE g.id = key AND (
      g.workspace_id = ANY(loggia_admin_workspace_ids())
      OR g.owner_id = loggia_user_id() AND g.workspace_id = ANY(loggia_workspace_ids())));
END $$;

CREATE FUNCTION gpts_goldenrun_is_writable(key uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_goldenrun r WHERE r.id = key AND gpts_gpt_is_writable(r.gpt_id));
END $$;

-- By those who may edit one of the GPTs that use it, and by everybody inside once none does.
CREATE FUNCTION gpts_document_is_writable(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_knowledgefile f WHERE f.document_id = key AND gpts_gpt_is_writable(f.gpt_id))
      OR NOT EXISTS (SELECT 1 FROM gpts_knowledgefile f WHERE f.document_id = key);
END $$;

CREATE FUNCTION gpts_indexsegment_is_writable(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_indexsegment s
                 WHERE s.id = key AND gpts_document_is_writable(s.document_id));
END $$;

CREATE FUNCTION gpts_workspace_shares(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM gpts_gpt g WHERE g.workspace_id = key AND g.is_shared);
END $$;

CREATE FUNCTION gpts_modelprovider_is_writable(key bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = {SEARCH_PATH} AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM gpts_modelprovider p WHERE p.id = key AND (
      p.workspace_id = ANY(loggia_admin_workspace_ids())
      OR p.workspace_id IS NULL AND loggia_has_staff('operator')));
END $$;

-- One more person has talked with a GPT: the only change that strangers make to one. It writes as an admin of the
-- GPT's workspace, and puts the setting back.
CREATE FUNCTION gpts_count_conversation(counted uuid) RETURNS void
LANGUAGE plpgsql SET search_path = {SEARCH_PATH} AS $$
DECLARE
  before text := COALESCE(current_setting('loggia.admin_workspace_ids', true), '');
  talked gpts_gpt;
BEGIN
  SELECT g.* INTO talked FROM gpts_conversation c JOIN gpts_gpt g ON g.id = c.gpt_id WHERE c.id = counted;
  IF talked.id IS NOT NULL THEN
    PERFORM set_config('loggia.admin_workspace_ids', '{{' || talked.workspace_id || '}}', true);
    UPDATE gpts_gpt SET conversation_count = conversation_count + 1 WHERE id = talked.id;
    PERFORM set_config('loggia.admin_workspace_ids', before, true);
  END IF;
END $$;
"""  # noqa: S608 - a constant
DROP_KNOWN = """
DROP FUNCTION gpts_count_conversation(uuid);
DROP FUNCTION gpts_modelprovider_is_writable(bigint);
DROP FUNCTION gpts_workspace_shares(bigint);
DROP FUNCTION gpts_indexsegment_is_writable(bigint);
DROP FUNCTION gpts_document_is_writable(bigint);
DROP FUNCTION gpts_goldenrun_is_writable(uuid);
DROP FUNCTION gpts_gpt_is_writable(bigint);
DROP FUNCTION gpts_gpt_is_known(bigint);
"""

GPT_WRITER = f"({is_person('owner_id')} AND {INSIDE}) OR {ADMIN} OR {MODERATOR} OR {OPERATOR}"
GPT_SEEN = "EXISTS (SELECT 1 FROM gpts_gpt g WHERE g.id = gpt_id)"
MAY_WRITE_GPT = "gpts_gpt_is_writable(gpt_id)"
PROVIDER_WRITER = f"{ADMIN} OR (workspace_id IS NULL AND {OPERATOR})"
# Usage is counted for whoever chats, also in the budget of somebody else's GPT.
COUNTER = f"({IS_SIGNED_IN} AND (user_id IS NULL OR {OWN}) AND gpts_budget_is_seen(budget_id)) OR {ADMIN}"
BUDGET_SEEN = f"{INSIDE} OR (gpt_id IS NOT NULL AND {IS_SIGNED_IN} AND gpts_gpt_is_seen(gpt_id))"
# As in 0007: the GPTs that the person owns inside a workspace of theirs, or administers.
FIGURES = """gpt_id = ANY((
  SELECT array_agg(g.id) FROM gpts_gpt g
   WHERE (g.owner_id = (SELECT loggia_user_id())
          AND g.workspace_id = ANY((SELECT loggia_workspace_ids())::bigint[]))
      OR g.workspace_id = ANY((SELECT loggia_admin_workspace_ids())::bigint[])
)::bigint[])"""

OLD = "gpts.migrations.0007_isolation"
GPT, VERSION, CONVERSATION, TURN = "gpts_gpt", "gpts_version", "gpts_conversation", "gpts_turn"
DOCUMENT, MODEL = "gpts_document", "gpts_languagemodel"


def set_own(table: str, **refers: str) -> SetRowPolicies:
    """Rows of one person alone, which their person reads and writes."""
    return SetRowPolicies(table, read=OWN, add=OWN, change=OWN, remove=OWN, refers=refers, instead_of=OLD)


def set_inside(table: str, *, write: str = "", **refers: str) -> SetRowPolicies:
    """Rows of a workspace, which its members read; ``write`` narrows who of them writes."""
    writes = f"{INSIDE} AND {write}" if write else INSIDE
    return SetRowPolicies(
        table, read=INSIDE, add=writes, change=writes, remove=writes, refers=refers, instead_of=OLD
    )


def set_extracted(table: str, removable: str) -> SetRowPolicies:
    """Rows that the worker makes of a document."""
    remove = f"{INSIDE} AND {removable}"
    return SetRowPolicies(table, read=INSIDE, add=NOBODY, change=NOBODY, remove=remove, instead_of=OLD)


def set_figures(table: str) -> SetRowPolicies:
    return SetRowPolicies(table, read=FIGURES, add=NOBODY, change=NOBODY, remove=NOBODY, instead_of=OLD)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0006_audit_policies"),
        ("gpts", "0011_goldenrun_api_key"),
        ("workspaces", "0004_row_policies"),
    ]

    operations: ClassVar = [
        migrations.RunSQL(SHARED, DROP_SHARED),
        migrations.RunSQL(KNOWN, DROP_KNOWN),
        MakeSight(GPT),
        MakeSight(VERSION),
        MakeSight("gpts_modelprovider"),
        MakeSight(MODEL),
        MakeSight(CONVERSATION, key="uuid"),
        MakeSight(TURN, key="uuid"),
        MakeSight("gpts_attachment", key="uuid"),
        MakeSight("gpts_buildermessage", key="uuid"),
        MakeSight(DOCUMENT),
        MakeSight("gpts_goldenprompt"),
        MakeSight("gpts_goldenrun", key="uuid"),
        MakeSight("gpts_budget"),
        MakeSight("gpts_budgetuse"),
        # A GPT with its draft: its workspace; others once it is shared, or because they talked with it. Written by
        # its owner and the admins, and by moderation; made for oneself, or by an admin.
        SetRowPolicies(
            GPT,
            read=f"{INSIDE} OR {is_person('owner_id')} OR is_shared OR {MODERATOR} OR {OPERATOR}"
            " OR gpts_gpt_is_known(id)",
            add=f"({INSIDE} AND {is_person('owner_id')}) OR {ADMIN}",
            change=GPT_WRITER,
            remove=NOBODY,
            refers={"language_model_id": MODEL},
        ),
        # Versions: whoever sees the GPT; what is live for an audience is read by everybody it may concern.
        SetRowPolicies(
            VERSION,
            read=f"{MODERATOR} OR {GPT_SEEN}",
            add=f"{MAY_WRITE_GPT} AND {is_person('created_by_id')}",
            change=NOBODY,
            remove=NOBODY,
            refers={"language_model_id": MODEL},
        ),
        SetRowPolicies(
            "gpts_liveversion",
            read=f"audience IN ('public', 'link') OR {IS_ANYWHERE}",
            add=MAY_WRITE_GPT,
            change=MAY_WRITE_GPT,
            remove=MAY_WRITE_GPT,
            refers={"version_id": VERSION},
        ),
        SetRowPolicies(
            "gpts_pastversion",
            read=f"{MODERATOR} OR {GPT_SEEN}",
            add=MAY_WRITE_GPT,
            change=MAY_WRITE_GPT,
            remove=MAY_WRITE_GPT,
            refers={"version_id": VERSION},
        ),
        # Providers and models: of the instance, for everybody; of a workspace, for its members and for those who
        # chat with a GPT that it shares. Written by the workspace's admins, or by operators.
        SetRowPolicies(
            "gpts_modelprovider",
            read=f"({IS_ANYWHERE}) AND (workspace_id IS NULL OR {INSIDE} OR {OPERATOR} OR {MODERATOR}"
            " OR gpts_workspace_shares(workspace_id))",
            add=PROVIDER_WRITER,
            change=PROVIDER_WRITER,
            remove=PROVIDER_WRITER,
        ),
        SetRowPolicies(
            MODEL,
            read="EXISTS (SELECT 1 FROM gpts_modelprovider p WHERE p.id = provider_id)",
            add="gpts_modelprovider_is_writable(provider_id)",
            change="gpts_modelprovider_is_writable(provider_id)",
            remove="gpts_modelprovider_is_writable(provider_id)",
            refers={"replacement_id": MODEL},
        ),
        # Conversations and all that hangs on them: their person alone, not colleagues or admins.
        SetRowPolicies(
            CONVERSATION,
            read=OWN,
            add=f"{OWN} AND {INSIDE}",
            change=OWN,
            remove=OWN,
            refers={"gpt_id": GPT, "version_id": VERSION, "language_model_id": MODEL},
            instead_of=OLD,
        ),
        set_own(TURN, conversation_id=CONVERSATION, parent_id=TURN, gpt_id=GPT, version_id=VERSION),
        set_own("gpts_message", turn_id=TURN),
        set_own("gpts_turnwords", turn_id=TURN, conversation_id=CONVERSATION),
        set_own("gpts_turnfeedback", turn_id=TURN, gpt_id=GPT, version_id=VERSION),
        set_own("gpts_attachment", conversation_id=CONVERSATION, turn_id=TURN, copy_of_id="gpts_attachment"),
        set_own("gpts_sharedconversation", conversation_id=CONVERSATION, gpt_id=GPT, version_id=VERSION),
        # A Create conversation: its person alone.
        set_own("gpts_buildermessage", gpt_id=GPT),
        set_own("gpts_builderchange", message_id="gpts_buildermessage", gpt_id=GPT),
        # Knowledge and its search index: members of its workspace; files by those who may edit the GPT.
        # What is read from a document is written by the worker, and removed with it.
        SetRowPolicies(
            DOCUMENT,
            read=INSIDE,
            add=INSIDE,
            change=INSIDE,
            change_to=f"{INSIDE} AND gpts_document_is_writable(id)",
            remove=f"{INSIDE} AND gpts_document_is_writable(id)",
            instead_of=OLD,
        ),
        set_inside("gpts_knowledgefile", write=MAY_WRITE_GPT, document_id=DOCUMENT),
        set_extracted("gpts_passage", "gpts_document_is_writable(document_id)"),
        set_extracted("gpts_indexsegment", "gpts_document_is_writable(document_id)"),
        set_extracted("gpts_indexblock", "gpts_indexsegment_is_writable(segment_id)"),
        set_extracted("gpts_indexshelf", "gpts_indexsegment_is_writable(segment_id)"),
        set_extracted("gpts_passagevector", "gpts_document_is_writable(document_id)"),
        # Golden prompts, their runs and results: read in the GPT's workspace, written by those who may edit it.
        set_inside("gpts_goldenprompt", write=MAY_WRITE_GPT),
        set_inside(
            "gpts_goldenrun",
            write=MAY_WRITE_GPT,
            version_id=VERSION,
            baseline_id="gpts_goldenrun",
            api_key_id="workspaces_apikey",
        ),
        set_inside(
            "gpts_goldenresult", write="gpts_goldenrun_is_writable(run_id)", prompt_id="gpts_goldenprompt"
        ),
        # A usage event: its person, admins of the person's workspace, finance; written for oneself only.
        SetRowPolicies(
            "gpts_usageevent",
            read=f"{OWN} OR {ADMIN} OR {FINANCE}",
            add=f"{OWN} AND {INSIDE}",
            change=NOBODY,
            remove=NOBODY,
            refers={"gpt_id": GPT},
            instead_of=OLD,
        ),
        # An event that must not count: finance.
        SetRowPolicies(
            "gpts_usagevoid", read=FINANCE, add=FINANCE, change=NOBODY, remove=NOBODY, instead_of=OLD
        ),
        KeepTenant(GPT, "workspace_id", "owner_id"),
        *(
            KeepTenant(table, "workspace_id", "user_id")
            for table in (
                CONVERSATION,
                TURN,
                "gpts_message",
                "gpts_turnfeedback",
                "gpts_attachment",
                "gpts_sharedconversation",
                "gpts_buildermessage",
                "gpts_builderchange",
                "gpts_budgetuse",
            )
        ),
        # A budget: its workspace, and whoever may chat with its GPT, as it limits them; a turn locks it. Written by
        # admins.
        SetRowPolicies(
            "gpts_budget",
            read=BUDGET_SEEN,
            add=ADMIN,
            change=BUDGET_SEEN,
            change_to=ADMIN,
            remove=ADMIN,
            refers={"gpt_id": GPT, "group_id": "workspaces_group"},
            instead_of=OLD,
        ),
        SetRowPolicies(
            "gpts_budgetuse", read=COUNTER, add=COUNTER, change=COUNTER, remove=ADMIN, instead_of=OLD
        ),
        set_own("gpts_budgetreservation", budget_id="gpts_budget", use_id="gpts_budgetuse"),
        # Figures about a GPT's use: its owner and the admins of its workspace; written by the worker alone.
        *map(
            set_figures,
            (
                "gpts_insightbucket",
                "gpts_insightpart",
                "gpts_insightcohort",
                "gpts_insightreach",
                "gpts_insightstate",
            ),
        ),
    ]
