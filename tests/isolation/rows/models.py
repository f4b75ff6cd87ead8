"""The model catalogue of a workspace and of the instance."""

from __future__ import annotations

from tests.isolation.rows.row import ADMINS, MEMBER, NOBODY, OPERATOR, Row, api, page, staff_page

PLACE = {"workspace": "alpha_place"}
PROVIDER = PLACE | {"provider_id": "provider"}
MODEL = PLACE | {"model_id": "catalogue_model"}
OFFERED = PLACE | {"model_id": "offered_model"}
AT_ALPHA = "owner@alpha"
ACCOUNT = "account"
WORK = "operator:work"
NEW_PROVIDER = {"name": "Mine", "kind": "responses", "base_url": "https://models.alpha-house.invalid/v1"}
NEW_MODEL = {"name": "mine", "kind": "chat", "context_window": 8000, "max_output_tokens": 1000}
PRICED = NEW_MODEL | {"input_price": "1", "output_price": "2"}
RENAMED = PRICED | {"name": "alpha-old", "label": "Renamed"}

ROWS: list[Row] = [
    page("gpts:workspace-model-list", ADMINS, ids=PLACE, forbidden=MEMBER),
    page("gpts:workspace-provider-new", ADMINS, "GET POST", ids=PLACE, body=NEW_PROVIDER, forbidden=MEMBER),
    page(
        "gpts:workspace-provider-change",
        ADMINS,
        "GET POST",
        ids=PROVIDER,
        body=NEW_PROVIDER,
        forbidden=MEMBER,
    ),
    page("gpts:workspace-provider-test", ADMINS, "GET POST", ids=PROVIDER, forbidden=MEMBER),
    page(
        "gpts:workspace-provider-import",
        ADMINS,
        "POST",
        ids=PROVIDER,
        body={"names": "mine"},
        forbidden=MEMBER,
    ),
    page("gpts:workspace-model-new", ADMINS, "GET POST", ids=PROVIDER, body=PRICED, forbidden=MEMBER),
    page("gpts:workspace-model-change", ADMINS, "GET POST", ids=MODEL, body=RENAMED, forbidden=MEMBER),
    page("gpts:workspace-model-hide", ADMINS, "POST", ids=OFFERED, body={"hidden": "0"}, forbidden=MEMBER),
    page("gpts:workspace-model-retire", ADMINS, "POST", ids=MODEL, body={"day": ""}, forbidden=MEMBER),
    page("gpts:workspace-model-forget", ADMINS, "POST", ids=MODEL, forbidden=MEMBER),
    page("gpts:workspace-model-replace", ADMINS, "POST", ids=MODEL, forbidden=MEMBER),
    staff_page("gpts:operator-model-list", OPERATOR),
    staff_page("gpts:operator-search-mode", OPERATOR, "POST", body={"mode": "built_in"}),
    staff_page("gpts:operator-provider-new", OPERATOR, "GET POST", body=NEW_PROVIDER),
    # A provider of Alpha is not one of the instance: it does not exist for the operator either.
    staff_page("gpts:operator-provider-change", NOBODY, "GET POST", ids={"provider_id": "provider"}),
    staff_page("gpts:operator-provider-test", NOBODY, "GET POST", ids={"provider_id": "provider"}),
    staff_page("gpts:operator-provider-import", NOBODY, "POST", ids={"provider_id": "provider"}),
    staff_page("gpts:operator-model-new", NOBODY, "GET POST", ids={"provider_id": "provider"}),
    staff_page("gpts:operator-model-change", NOBODY, "GET POST", ids={"model_id": "catalogue_model"}),
    staff_page("gpts:operator-model-forget", NOBODY, "POST", ids={"model_id": "catalogue_model"}),
    staff_page("gpts:operator-model-retire", NOBODY, "POST", ids={"model_id": "catalogue_model"}),
    api("gpts_api:model-provider-list", ADMINS, ACCOUNT, ids=PLACE, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:model-provider-list",
        ADMINS,
        ACCOUNT,
        "POST",
        ids=PLACE,
        key=AT_ALPHA,
        body=NEW_PROVIDER,
        forbidden=MEMBER,
    ),
    api("gpts_api:model-provider-detail", ADMINS, ACCOUNT, ids=PROVIDER, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:model-provider-detail",
        ADMINS,
        ACCOUNT,
        "PATCH",
        ids=PROVIDER,
        key=AT_ALPHA,
        body={"is_enabled": False},
        forbidden=MEMBER,
    ),
    api("gpts_api:model-provider-test", ADMINS, ACCOUNT, ids=PROVIDER, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:model-provider-test", ADMINS, ACCOUNT, "POST", ids=PROVIDER, key=AT_ALPHA, forbidden=MEMBER
    ),
    api(
        "gpts_api:catalogue-model-list",
        ADMINS,
        ACCOUNT,
        "POST",
        ids=PROVIDER,
        key=AT_ALPHA,
        body=NEW_MODEL,
        forbidden=MEMBER,
    ),
    api(
        "gpts_api:catalogue-model-detail",
        ADMINS,
        ACCOUNT,
        "PATCH",
        ids=MODEL,
        key=AT_ALPHA,
        body={"label": "Renamed"},
        forbidden=MEMBER,
    ),
    api(
        "gpts_api:catalogue-model-learned",
        ADMINS,
        ACCOUNT,
        "DELETE",
        ids=MODEL,
        key=AT_ALPHA,
        forbidden=MEMBER,
    ),
    api("gpts_api:catalogue-model-failures", ADMINS, ACCOUNT, ids=MODEL, key=AT_ALPHA, forbidden=MEMBER),
    api("gpts_api:catalogue-model-retirement", ADMINS, ACCOUNT, ids=MODEL, key=AT_ALPHA, forbidden=MEMBER),
    api(
        "gpts_api:catalogue-model-retirement",
        ADMINS,
        ACCOUNT,
        "PUT",
        ids=MODEL,
        key=AT_ALPHA,
        body={"retired_at": None},
        forbidden=MEMBER,
    ),
    api(
        "gpts_api:catalogue-model-replace",
        ADMINS,
        ACCOUNT,
        "POST",
        ids=MODEL,
        key=AT_ALPHA,
        body={"gpts": []},
        forbidden=MEMBER,
    ),
    api("gpts_api:instance-search-mode", OPERATOR, WORK),
    api("gpts_api:instance-search-mode", OPERATOR, WORK, "PUT", body={"mode": "built_in"}),
    api("gpts_api:instance-provider-list", OPERATOR, WORK),
    api("gpts_api:instance-provider-list", OPERATOR, WORK, "POST", body=NEW_PROVIDER),
    # A provider of Alpha is not one of the instance: it does not exist for the operator either.
    api("gpts_api:instance-provider-detail", NOBODY, WORK, "GET PATCH", ids={"provider_id": "provider"}),
    api("gpts_api:instance-provider-test", NOBODY, WORK, "GET POST", ids={"provider_id": "provider"}),
    api(
        "gpts_api:instance-model-list",
        NOBODY,
        WORK,
        "POST",
        ids={"provider_id": "provider"},
        body=NEW_MODEL,
    ),
    api("gpts_api:instance-model-detail", NOBODY, WORK, "PATCH", ids={"model_id": "catalogue_model"}),
    api("gpts_api:instance-model-learned", NOBODY, WORK, "DELETE", ids={"model_id": "catalogue_model"}),
    api("gpts_api:instance-model-failures", NOBODY, WORK, ids={"model_id": "catalogue_model"}),
    api(
        "gpts_api:instance-model-retirement",
        NOBODY,
        WORK,
        "PUT",
        ids={"model_id": "catalogue_model"},
        body={"retired_at": None},
    ),
]
