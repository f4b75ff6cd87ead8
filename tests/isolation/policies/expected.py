"""What each kind of person may do with a row of each table; tests/isolation/test_row_policies.py tries it.

A letter stands for each kind (``KINDS`` in tries.py). ``where`` chooses the row: ``{owner}`` owns Alpha and a
personal workspace ``{home}``. A new table fails until it has a line here, or its reason in ``OPEN``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """Who may read, add, change and remove one row."""

    where: str
    read: str
    add: str
    change: str
    remove: str
    label: str = ""


EXPECTED: dict[str, tuple[Line, ...]] = {
    "core_auditevent": (
        Line("actor_id = {owner} AND workspace_id = {alpha}", "oaw", "ow", "", ""),
        Line("is_automated AND workspace_id IS NULL", "tw", "w", "", "", label="machine"),
    ),
    "core_auditmention": (
        Line("workspace_id = {alpha}", "aw", "coamftw", "", ""),
        Line("workspace_id IS NULL", "tw", "nsrcoamftw", "", "", label="platform"),
    ),
    "core_instancesetting": (Line("true", "nsrcoamftwx", "tw", "tw", "tw"),),
    "core_failedjob": (Line("true", "tw", "w", "tw", "tw"),),
    "workspaces_workspace": (Line("id = {alpha}", "nsrcoamftwx", "srcoamftw", "atw", "w"),),
    "workspaces_member": (Line("workspace_id = {alpha} AND user_id = {owner}", "coamtw", "aw", "aw", "oaw"),),
    "workspaces_invitation": (Line("workspace_id = {alpha}", "aw", "w", "aw", "w"),),
    "workspaces_workspaceexport": (Line("workspace_id = {alpha}", "aw", "aw", "w", "aw"),),
    "workspaces_group": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "aw"),),
    "workspaces_groupmember": (
        Line(
            "group_id IN (SELECT id FROM workspaces_group WHERE name = 'Walkers')", "coaw", "aw", "aw", "oaw"
        ),
    ),
    "workspaces_invitelink": (Line("workspace_id = {alpha}", "aw", "w", "aw", "w"),),
    "workspaces_guest": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "aw"),),
    "workspaces_sharingpolicy": (Line("workspace_id = {alpha}", "coamw", "aw", "aw", "w"),),
    "workspaces_policyrule": (Line("workspace_id = {alpha}", "coamw", "aw", "aw", "aw"),),
    "workspaces_policyrevision": (Line("workspace_id = {alpha}", "aw", "aw", "", "w"),),
    "workspaces_apikey": (Line("user_id = {owner} AND workspace_id = {alpha}", "oaw", "ow", "ow", "w"),),
    "workspaces_scimtoken": (Line("workspace_id = {alpha}", "aw", "aw", "aw", "w"),),
    "workspaces_scimuser": (Line("workspace_id = {alpha} AND user_id = {owner}", "oaw", "aw", "oaw", "oaw"),),
    "workspaces_scimgroup": (Line("workspace_id = {alpha}", "aw", "aw", "aw", "aw"),),
    "workspaces_scimgroupmember": (Line("workspace_id = {alpha}", "aw", "aw", "aw", "aw"),),
    "workspaces_identityconnection": (Line("workspace_id = {alpha}", "aw", "aw", "aw", "aw"),),
    "workspaces_identitylink": (
        Line("workspace_id = {alpha} AND user_id = {owner}", "oaw", "aw", "aw", "oaw"),
    ),
    "workspaces_proveddomain": (Line("workspace_id = {alpha}", "coaw", "w", "w", "aw"),),
    "workspaces_domainclaim": (Line("workspace_id = {alpha}", "aw", "aw", "aw", "aw"),),
    "workspaces_identityrules": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "w"),),
    "workspaces_staffrole": (Line("user_id = {moderator}", "mtw", "tw", "tw", "mtw"),),
    "workspaces_notification": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "workspaces_outboundjob": (Line("workspace_id = {alpha}", "coaw", "ow", "ow", "coaw"),),
    "workspaces_outgoingmail": (Line("true", "w", "nsrcoamftwx", "w", "w"),),
    "gpts_gpt": (
        Line("id = {private}", "coamtw", "oaw", "oamtw", "w"),
        Line("id = {listed}", "nsrcoamftw", "oaw", "oamtw", "w", label="shared"),
    ),
    "gpts_version": (
        Line("gpt_id = {private}", "coamtw", "ow", "", ""),
        Line("gpt_id = {listed}", "nsrcoamftw", "ow", "", "", label="shared"),
    ),
    "gpts_privatelisting": (
        Line(
            "workspace_id = {alpha} AND gpt_id IN (SELECT id FROM gpts_gpt WHERE owner_id = {owner})",
            "coamtw",
            "oamtw",
            "oamtw",
            "oamtw",
        ),
    ),
    "gpts_liveversion": (
        Line("gpt_id = {alpha_gpt} AND audience = 'workspace'", "srcoamftw", "oamw", "oamw", "oamw"),
        Line("gpt_id = {listed}", "nsrcoamftw", "oamw", "oamw", "oamw", label="shared"),
    ),
    "gpts_pastversion": (Line("gpt_id = {private}", "coamtw", "oamw", "oamw", "oamw"),),
    "gpts_gptshare": (Line("gpt_id = {alpha_gpt}", "coaw", "oaw", "oaw", "oaw"),),
    "gpts_adoption": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "w"),),
    "gpts_adoptionrequest": (Line("requested_by_id = {owner}", "oaw", "ow", "aw", "w"),),
    "gpts_publishingrule": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "w"),),
    "gpts_publishrequest": (Line("requested_by_id = {owner}", "coaw", "ow", "aw", "w"),),
    "gpts_gpttransfer": (Line("workspace_id = {alpha}", "aw", "w", "w", "w"),),
    "gpts_modelprovider": (
        Line("workspace_id = {alpha}", "coamtw", "aw", "aw", "aw"),
        Line("workspace_id IS NULL", "srcoamftw", "tw", "tw", "tw", label="instance"),
    ),
    "gpts_languagemodel": (
        Line("id = {catalogue_model}", "coamtw", "aw", "aw", "aw"),
        Line("name = 'offline'", "srcoamftw", "tw", "tw", "tw", label="instance"),
    ),
    "gpts_semanticsearch": (Line("true", "nsrcoamftwx", "tw", "tw", "w"),),
    "gpts_failedcall": (
        Line("model_id = {catalogue_model}", "aw", "w", "w", "aw"),
        Line("code = 'overloaded'", "tw", "w", "w", "tw", label="instance"),
    ),
    "gpts_conversation": (Line("user_id = {owner} AND workspace_id = {alpha}", "ow", "ow", "ow", "ow"),),
    "gpts_turn": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_message": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_turnwords": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_turnfeedback": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_attachment": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_attachmentvectors": (Line("user_id = {owner}", "ow", "w", "w", "ow"),),
    "gpts_contentaccessrule": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "w"),),
    "gpts_contentaccess": (Line("requested_by_id = {owner}", "caw", "w", "aw", "w"),),
    "gpts_retentionrule": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "w"),),
    "gpts_legalhold": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "w"),),
    "gpts_sharedconversation": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_buildermessage": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_builderchange": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_document": (Line("workspace_id = {home}", "coaw", "coaw", "oaw", "oaw"),),
    "gpts_knowledgefile": (Line("workspace_id = {home}", "coaw", "oaw", "oaw", "oaw"),),
    "gpts_passage": (Line("workspace_id = {home}", "coaw", "w", "w", "oaw"),),
    "gpts_indexsegment": (Line("workspace_id = {home}", "coaw", "w", "w", "oaw"),),
    "gpts_indexblock": (Line("workspace_id = {home}", "coaw", "w", "w", "oaw"),),
    "gpts_indexshelf": (Line("workspace_id = {home}", "coaw", "w", "w", "oaw"),),
    "gpts_vectorblock": (Line("workspace_id = {home}", "coaw", "w", "w", "oaw"),),
    "gpts_passagevector": (Line("workspace_id = {home}", "coaw", "w", "w", "oaw"),),
    "gpts_goldenprompt": (Line("workspace_id = {home}", "coaw", "oaw", "oaw", "oaw"),),
    "gpts_goldenrun": (Line("workspace_id = {home}", "coaw", "oaw", "oaw", "oaw"),),
    "gpts_goldenresult": (Line("workspace_id = {home}", "coaw", "oaw", "oaw", "oaw"),),
    "gpts_usageevent": (Line("user_id = {owner}", "oafw", "ow", "", ""),),
    "gpts_usagevoid": (Line("true", "fw", "fw", "", ""),),
    "gpts_usageday": (Line("workspace_id = {alpha}", "aw", "w", "w", "w"),),
    "gpts_usagedaystate": (Line("true", "nsrcoamftwx", "w", "w", "w"),),
    "gpts_budget": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "aw"),),
    "gpts_priceceiling": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "aw"),),
    "gpts_budgetuse": (Line("user_id = {owner}", "oaw", "oaw", "oaw", "aw"),),
    "gpts_budgetreservation": (Line("user_id = {owner}", "ow", "ow", "ow", "ow"),),
    "gpts_insightbucket": (Line("gpt_id = {alpha_gpt}", "oaw", "w", "w", "w"),),
    "gpts_insightpart": (Line("gpt_id = {alpha_gpt}", "oaw", "w", "w", "w"),),
    "gpts_insightcohort": (Line("gpt_id = {alpha_gpt}", "oaw", "w", "w", "w"),),
    "gpts_insightreach": (Line("gpt_id = {alpha_gpt}", "oaw", "w", "w", "w"),),
    "gpts_insightstate": (Line("gpt_id = {alpha_gpt}", "oaw", "w", "w", "w"),),
    "marketplace_builderprofile": (Line("user_id = {owner}", "npsrcoamftwx", "omtw", "omtw", "w"),),
    "marketplace_formerhandle": (Line("user_id = {owner}", "srcoamftw", "omtw", "w", "w"),),
    "marketplace_listing": (
        Line("gpt_id = {listed}", "npsrcoamftw", "mw", "oamw", "w"),
        Line("state = 'delisted'", "pcoamftw", "mw", "oamw", "w", label="delisted"),
    ),
    "marketplace_listingscore": (Line("true", "npsrcoamftwx", "mw", "mw", "w"),),
    "marketplace_listingrelease": (Line("true", "npsrcoamftwx", "mw", "w", "w"),),
    "marketplace_listingvector": (Line("true", "npsrcoamftwx", "w", "w", "w"),),
    "marketplace_rating": (
        Line("user_id = {owner} AND hidden_at IS NULL", "npsrcoamftw", "ow", "omw", "ow"),
        Line("hidden_at IS NOT NULL", "omw", "ow", "omw", "ow", label="hidden"),
    ),
    "marketplace_shelf": (Line("true", "npsrcoamftwx", "mtw", "mtw", "mtw"),),
    "marketplace_shelfentry": (Line("true", "npsrcoamftwx", "mtw", "mtw", "mtw"),),
    "marketplace_storesection": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "aw"),),
    "marketplace_storesectionentry": (Line("workspace_id = {alpha}", "coaw", "aw", "aw", "aw"),),
    "marketplace_closedonboarding": (Line("user_id = {owner}", "ow", "ow", "w", "ow"),),
    "marketplace_searchterm": (Line("true", "npsrcoamftwx", "mw", "mw", "w"),),
    "reviews_submission": (Line("submitted_by_id = {owner}", "oamw", "ow", "oamw", "w"),),
    "reviews_check": (
        Line(
            "version_id IN (SELECT id FROM gpts_version WHERE created_by_id = {owner})",
            "oamw",
            "mw",
            "mw",
            "w",
        ),
    ),
    "reviews_fingerprint": (Line("owner_id = {owner}", "omw", "mw", "mw", "w"),),
    "reviews_case": (Line("builder_id = {owner}", "omw", "mw", "mw", "w"),),
    "reviews_claim": (Line("true", "mw", "mw", "mw", "mw"),),
    "reviews_decision": (Line("id = '{decision}'", "omw", "mw", "", ""),),
    "reviews_enforcement": (Line("builder_id = {owner}", "omfw", "mw", "mw", "w"),),
    "reviews_report": (Line("true", "mw", "mw", "mw", "w"),),
    "reviews_notice": (Line("recipient_id = {owner}", "omw", "mw", "mw", "w"),),
    "reviews_appeal": (Line("appellant_id = {owner}", "omw", "mw", "mw", "w"),),
    "reviews_standing": (Line("user_id = {owner}", "omw", "mw", "mw", "w"),),
    "reviews_strike": (Line("user_id = {owner}", "omw", "mw", "mw", "w"),),
    "reviews_policy": (Line("true", "npsrcoamftwx", "tw", "tw", "w"),),
    "reviews_policyversion": (Line("true", "npsrcoamftwx", "tw", "", ""),),
    "reviews_escalation": (Line("true", "mw", "mw", "w", "w"),),
    "reviews_dailystat": (Line("true", "nsrcoamftwx", "w", "w", "w"),),
    "payouts_ratecard": (Line("true", "srcoamftw", "fw", "", ""),),
    "payouts_ratecardline": (Line("true", "srcoamftw", "", "", ""),),
    "payouts_accountingperiod": (Line("state = 'open'", "srcoamftw", "fw", "fw", ""),),
    "payouts_closerun": (Line("true", "fw", "fw", "", ""),),
    "payouts_closeline": (Line("payee_id = {owner}", "fw", "", "", ""),),
    "payouts_usagerollup": (Line("payee_id = {owner}", "ofw", "w", "w", "w"),),
    "payouts_rollupstate": (Line("true", "fw", "w", "w", "w"),),
    "payouts_usageverdict": (Line("true", "fw", "fw", "", ""),),
    "payouts_statement": (Line("payee_id = {owner}", "ofw", "fw", "", ""),),
    "payouts_statementline": (Line("payee_id = {owner}", "ofw", "", "", ""),),
    "payouts_account": (Line("payee_id = {owner}", "ofw", "fw", "", ""),),
    "payouts_accountbalance": (
        Line(
            "account_id IN (SELECT a.id FROM payouts_account a WHERE a.payee_id = {owner})", "ofw", "", "", ""
        ),
    ),
    "payouts_journalentry": (Line("true", "fw", "fw", "", ""),),
    "payouts_posting": (Line("true", "fw", "", "", ""),),
    "payouts_payoutaccount": (Line("payee_id = {owner}", "ofw", "ofw", "ofw", "w"),),
    "payouts_batch": (Line("id = {draft_batch}", "fw", "fw", "fw", ""),),
    "payouts_payout": (Line("payee_id = {owner}", "ofw", "", "fw", ""),),
    "payouts_transition": (Line("true", "fw", "fw", "", ""),),
}
OPEN: dict[str, str] = {
    "account_emailaddress": "allauth finds people by it before anybody is signed in",
    "account_emailconfirmation": "allauth opens it by its key before anybody is signed in",
    "auth_group": "Django's own, always empty",
    "auth_group_permissions": "Django's own, always empty",
    "auth_permission": "Django's own, names of models",
    "workspaces_erasure": "its progress is shown to people whose account is gone; holds ids and counts",
    "workspaces_retiredname": "hashes of names that nobody may take again",
    "workspaces_usedtoken": "hashes of codes that were used, also before anybody is signed in",
    "core_auditchain": "heads of the audit chains; only a trigger, as the owner, writes them",
    "django_content_type": "Django's own, names of models",
    "django_migrations": "Django's own, names of migrations",
    "django_session": "found by its secret key before anybody is signed in",
    "mfa_authenticator": "allauth checks it before anybody is signed in; secrets are sealed",
    "socialaccount_socialaccount": "allauth finds people by it before anybody is signed in",
    "socialaccount_socialapp": "settings of allauth, always empty",
    "socialaccount_socialtoken": "allauth stores none",
    "usersessions_usersession": "allauth writes it while signing in",
    "workspaces_protectedname": "asked for every public name, at sign-up before anybody is signed in",
    "workspaces_user": "people sign up and sign in before there is a scope; names stand beside GPTs",
}
