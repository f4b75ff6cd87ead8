"""The address of a workspace's model provider stays while public GPTs answer through it.

Moderators approved these GPTs with the address that people's messages go to. The rule is in the database, so
that no page, call or script gets around it.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from core.migration_operations import SEARCH_PATH

# Public GPTs of the provider's workspace that may send messages or questions to it: by their own model, by
# its replacement, as the default model, because a chat user may choose, or for embeddings.
FIND = """
CREATE FUNCTION gpts_public_gpts_of_provider(provider bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = %s AS $$
  SELECT g.id FROM gpts_modelprovider p
    JOIN gpts_gpt g ON g.workspace_id = p.workspace_id AND g.deleted_at IS NULL
    JOIN gpts_liveversion l ON l.gpt_id = g.id AND l.audience = 'public'
    JOIN gpts_version v ON v.id = l.version_id
   WHERE p.id = provider AND EXISTS (
     SELECT 1 FROM gpts_languagemodel m
      WHERE m.provider_id = p.id AND (
        m.kind = 'embedding'
        OR v.language_model_id IS NULL
        OR v.language_model_id = m.id
        OR v.model_choice = 'any'
        OR (v.model_choice = 'listed' AND m.name = ANY(v.allowed_models))
        OR EXISTS (SELECT 1 FROM gpts_languagemodel old
                    WHERE old.id = v.language_model_id AND old.replacement_id = m.id)))
$$
"""
REFUSE = """
CREATE FUNCTION gpts_keep_approved_address() RETURNS trigger
LANGUAGE plpgsql SET search_path = %s AS $$
BEGIN
  IF lower(substring(OLD.base_url FROM '^[^/]*//[^/]*')) IS DISTINCT FROM
     lower(substring(NEW.base_url FROM '^[^/]*//[^/]*'))
     AND EXISTS (SELECT 1 FROM gpts_public_gpts_of_provider(OLD.id)) THEN
    RAISE EXCEPTION 'gpts_approved_address: public GPTs were approved with this address'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""
TRIGGER = """
CREATE TRIGGER gpts_modelprovider_approved_address BEFORE UPDATE OF base_url ON gpts_modelprovider
FOR EACH ROW EXECUTE FUNCTION gpts_keep_approved_address()
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("gpts", "0014_estimates_and_price_ceilings")]

    operations: ClassVar = [
        migrations.RunSQL(FIND % SEARCH_PATH, "DROP FUNCTION gpts_public_gpts_of_provider(bigint)"),
        migrations.RunSQL(REFUSE % SEARCH_PATH, "DROP FUNCTION gpts_keep_approved_address()"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER gpts_modelprovider_approved_address ON gpts_modelprovider"),
    ]
