"""What the official client is asked to do, and what has to come of it; the same for both majors.

Requests are written as the client takes them. `$name` stands for what the server's side made
beforehand (`tests.clients.inside`) or an earlier case kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATUSES = ("PendingAuth", "Linked", "Unlinked", "Deauthorized")
PULL_STATUSES = (
    *("Initial", "Queued", "Fetching", "MapQueued", "Mapping", "ValidationQueued", "Validating"),
    *("ProcessingQueued", "Processing", "Complete", "FetchError", "MapError", "ValidationError"),
    *("ProcessingError", "InternalError", "AuthError", "PermissionsError", "RateLimitError"),
    *("PrerequisiteNotMet", "NotSupported", "Cancelled"),
)
#: `isErrored` of those that ended without data.
_ERRORED = {each for each in PULL_STATUSES if each.endswith("Error")} | {"PrerequisiteNotMet"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A call that succeeds, or is refused with a status."""

    name: str
    #: `companies.list`
    method: str
    #: None where the method takes none.
    request: Mapping[str, Any] | None = None
    #: By path into the result (`results.#` counts): what must be there.
    expects: Mapping[str, Any] = field(default_factory=dict)
    #: The status of the refusal.
    refused: int | None = None
    #: Whether the refusal is a typed `errors.ErrorMessage`: where the contract documents it.
    typed: bool = True
    #: Part of the message.
    says: str = ""
    #: Which key calls: main, reader (scope read only), empty (another organization), nobody.
    caller: str = "main"
    #: What is kept for later cases, by name: the path into the result.
    keeps: Mapping[str, str] = field(default_factory=dict)
    #: Every successful call of this method raises in the client itself.
    raises: str = ""
    #: What an earlier case must have kept, else there is nothing to ask for.
    needs: str = ""
    #: The first major of the client that has the method.
    since: int = 0


def works(name: str, method: str, request: Mapping[str, Any] | None = None, **more: Any) -> Case:
    return Case(name=name, method=method, request=request, **more)


def refused(
    status: int, name: str, method: str, request: Mapping[str, Any] | None = None, **more: Any
) -> Case:
    return Case(name=name, method=method, request=request, refused=status, **more)


_COMPANY = {"company_id": "$company"}
_NO_COMPANY = {"company_id": "$nothing"}
_REFRESHED = {"company_id": "$refreshed"}
_CONNECTION = {"company_id": "$company", "connection_id": "$connection"}
_NO_CONNECTION = {"company_id": "$company", "connection_id": "$nothing"}
_SETTING = {
    "data_type": "invoices",
    "fetch_on_first_link": True,
    "sync_schedule": 24,
    "sync_order": 0,
}

COMPANIES = (
    works("none", "companies.list", {}, expects={"total_results": 0}, caller="empty"),
    works(
        "a page of 101",
        "companies.list",
        {"query": "description=one of many", "page_size": 200},
        expects={"total_results": 101, "results.#": 101},
    ),
    works(
        "the first of two pages",
        "companies.list",
        {"query": "description=one of many"},
        expects={"results.#": 100, "page_number": 1, "total_results": 101},
    ),
    works(
        "the second of two pages",
        "companies.list",
        {"query": "description=one of many", "page": 2, "order_by": "-created"},
        expects={"results.#": 1, "page_number": 2},
    ),
    works(
        "by name",
        "companies.list",
        {"query": "name=Northgate Bakery", "tags": "region=uk"},
        expects={"results.#": 1, "results.0.name": "Northgate Bakery"},
    ),
    *(
        works(
            f"with a connection that is {status}",
            "companies.list",
            {"query": f"dataConnections.status={status} && description=each status"},
            expects={"results.#": 1, "results.0.data_connections.0.status": status},
        )
        for status in STATUSES
    ),
    refused(400, "a malformed query", "companies.list", {"query": "name"}, says="Error parsing"),
    refused(401, "an unknown key", "companies.list", {}, caller="nobody", says="Unauthorized"),
    works(
        "made",
        "companies.create",
        {"name": "Example Company (Codat[1])", "description": "C-17", "tags": {"region": "uk"}},
        expects={"name": "Example Company Codat1", "description": "C-17", "tags.region": "uk"},
        keeps={"made": "id"},
    ),
    refused(400, "no name is left", "companies.create", {"name": "{}"}),
    refused(403, "a key that reads only", "companies.create", {"name": "A"}, caller="reader"),
    works("read", "companies.get", {"company_id": "$made"}, expects={"id": "$made"}),
    works(
        "with errors of its connection",
        "companies.get",
        _COMPANY,
        expects={
            "data_connections.0.data_connection_errors.0.status_code": "401",
            "data_connections.0.data_connection_errors.0.status": "Active",
        },
    ),
    refused(404, "unknown", "companies.get", _NO_COMPANY, says="No company was found with ID"),
    works(
        "replaced",
        "companies.replace",
        {"company_id": "$made", "company_request_body": {"name": "Second Name"}},
        expects={"name": "Second Name", "description": None},
    ),
    refused(
        404, "unknown", "companies.replace", _NO_COMPANY | {"company_request_body": {"name": "A"}}
    ),
    works(
        "updated",
        "companies.update",
        {"company_id": "$made", "company_update_request": {"description": "D"}},
        expects={"name": "Second Name", "description": "D"},
    ),
    refused(
        404,
        "unknown",
        "companies.update",
        _NO_COMPANY | {"company_update_request": {"description": "D"}},
    ),
    works(
        "a token",
        "companies.get_access_token",
        {"company_id": "$made"},
        expects={"expires_in": 86400, "token_type": "Bearer"},
    ),
    refused(404, "unknown", "companies.get_access_token", _NO_COMPANY),
    works(
        "set",
        "companies.set_company_sync_settings",
        {
            "company_id": "$made",
            "request_body": {
                "company_id": "$made",
                "settings": [_SETTING],
                "overrides_defaults": True,
            },
        },
    ),
    refused(
        400,
        "a schedule that is none",
        "companies.set_company_sync_settings",
        {
            "company_id": "$made",
            "request_body": {
                "company_id": "$made",
                "settings": [_SETTING | {"sync_schedule": 5}],
                "overrides_defaults": True,
            },
        },
        says="cannot be kept",
    ),
    works(
        "read",
        "companies.get_company_sync_settings",
        {"company_id": "$made"},
        expects={"company_id": "$made", "overrides_defaults": True},
    ),
    refused(404, "unknown", "companies.get_company_sync_settings", _NO_COMPANY),
    works("deleted", "companies.delete", {"company_id": "$made"}),
    refused(404, "deleted before", "companies.delete", {"company_id": "$made"}),
    works("added", "companies.add_product", _REFRESHED | {"product_identifier": "lending"}),
    refused(
        404, "unknown", "companies.add_product", _NO_COMPANY | {"product_identifier": "lending"}
    ),
    works(
        "refreshed",
        "companies.refresh_product_data",
        _REFRESHED | {"product_identifier": "lending"},
    ),
    refused(
        404,
        "unknown",
        "companies.refresh_product_data",
        _NO_COMPANY | {"product_identifier": "lending"},
    ),
    works("removed", "companies.remove_product", _REFRESHED | {"product_identifier": "lending"}),
    refused(
        404, "unknown", "companies.remove_product", _NO_COMPANY | {"product_identifier": "lending"}
    ),
)

CONNECTIONS = (
    works("listed", "connections.list", _COMPANY, expects={"results.#": 1, "total_results": 1}),
    works("none", "connections.list", {"company_id": "$unlinked"}, expects={"results.#": 0}),
    refused(
        400,
        "by what it has not",
        "connections.list",
        _COMPANY | {"query": "shoeSize=43"},
        says="Could not resolve property",
    ),
    refused(404, "unknown", "connections.list", _NO_COMPANY),
    works(
        "made",
        "connections.create",
        {"company_id": "$unlinked", "request_body": {"platform_key": "mqjo"}},
        expects={"status": "PendingAuth", "integration_key": "mqjo", "source_type": "Accounting"},
        keeps={"pending": "id"},
    ),
    refused(
        404,
        "a platform that is none",
        "connections.create",
        {"company_id": "$unlinked", "request_body": {"platform_key": "zzzz"}},
    ),
    *(
        works(
            status,
            "connections.get",
            {"company_id": f"$company {status}", "connection_id": f"$connection {status}"},
            expects={"status": status},
        )
        for status in STATUSES
    ),
    refused(404, "unknown", "connections.get", _NO_CONNECTION),
    works(
        "unlinked",
        "connections.unlink",
        {
            "company_id": "$company Linked",
            "connection_id": "$connection Linked",
            "update_connection_status": {"status": "Unlinked"},
        },
        expects={"status": "Unlinked"},
    ),
    refused(
        404,
        "unknown",
        "connections.unlink",
        _NO_CONNECTION | {"update_connection_status": {"status": "Unlinked"}},
    ),
    refused(
        400,
        "one that is not linked",
        "connections.unlink",
        {
            "company_id": "$company PendingAuth",
            "connection_id": "$connection PendingAuth",
            "update_connection_status": {"status": "Unlinked"},
        },
        typed=False,
        says="Only a linked connection",
    ),
    refused(
        400,
        "a token that the platform does not know",
        "connections.update_authorization",
        {
            "company_id": "$unlinked",
            "connection_id": "$pending",
            "request_body": {"accessToken": "made up", "refreshToken": "made up"},
        },
        typed=False,
        says="no longer accepts",
    ),
    refused(
        404,
        "unknown",
        "connections.update_authorization",
        _NO_CONNECTION | {"request_body": {"accessToken": "a"}},
    ),
    works(
        "deleted", "connections.delete", {"company_id": "$unlinked", "connection_id": "$pending"}
    ),
    refused(
        404,
        "deleted before",
        "connections.delete",
        {"company_id": "$unlinked", "connection_id": "$pending"},
    ),
    works("a token", "connection_management.get", _COMPANY),
    refused(404, "unknown", "connection_management.get", _NO_COMPANY),
)

REFRESHING = (
    works("queued", "refresh_data.all", {"company_id": "$refreshed"}),
    refused(400, "nothing is linked", "refresh_data.all", {"company_id": "$unlinked"}),
    refused(404, "unknown", "refresh_data.all", _NO_COMPANY),
    works(
        "queued",
        "refresh_data.by_data_type",
        {"company_id": "$fresh", "data_type": "invoices"},
        expects={"data_type": "invoices", "status": "Queued", "is_completed": False},
    ),
    refused(
        400,
        "queued already",
        "refresh_data.by_data_type",
        {"company_id": "$fresh", "data_type": "invoices", "connection_id": "$fresh connection"},
        says="DatasetAlreadyInProgressException: Cannot queue invoices sync for",
    ),
    refused(
        404,
        "not supported by the platform",
        "refresh_data.by_data_type",
        {"company_id": "$fresh", "data_type": "commerce-orders"},
    ),
    works(
        "never pulled",
        "refresh_data.get",
        {"company_id": "$unlinked"},
        expects={"invoices": None, "bills": None},
    ),
    works(
        "failed the first time",
        "refresh_data.get",
        _COMPANY,
        expects={
            "invoices.current_status": "FetchError",
            "invoices.last_successful_sync": None,
            "bills": None,
        },
    ),
    refused(404, "unknown", "refresh_data.get", _NO_COMPANY),
    works(
        "every status",
        "refresh_data.list_pull_operations",
        {"company_id": "$pulled", "page_size": 50},
        expects={"total_results": len(PULL_STATUSES)},
    ),
    *(
        works(
            status,
            "refresh_data.list_pull_operations",
            {"company_id": "$pulled", "query": f"status={status}"},
            expects={
                "results.#": 1,
                "results.0.status": status,
                "results.0.is_completed": status == "Complete",
                "results.0.is_errored": status in _ERRORED,
            },
        )
        for status in PULL_STATUSES
    ),
    refused(
        400,
        "by what is computed",
        "refresh_data.list_pull_operations",
        {"company_id": "$pulled", "query": "isCompleted=true"},
        says="Could not resolve property isCompleted on Dataset",
    ),
    works(
        "read",
        "refresh_data.get_pull_operation",
        {"company_id": "$pulled", "dataset_id": "$pull"},
        expects={"id": "$pull", "status": "Complete", "progress": 100},
    ),
    refused(
        404,
        "unknown",
        "refresh_data.get_pull_operation",
        {"company_id": "$pulled", "dataset_id": "$nothing"},
    ),
    works(
        "read",
        "read_data.get_validation_results",
        {"company_id": "$pulled", "dataset_id": "$pull"},
    ),
    refused(
        404,
        "unknown",
        "read_data.get_validation_results",
        {"company_id": "$pulled", "dataset_id": "$nothing"},
    ),
)

_ORIGINS = {"allowed_origins": ["https://app.example.com"]}
SETTINGS = (
    *(
        case
        for group in ("cors", "settings")
        for case in (
            works(
                "set",
                f"{group}.set",
                _ORIGINS,
                expects={"allowed_origins.0": "https://app.example.com"},
            ),
            refused(403, "a key that reads only", f"{group}.set", _ORIGINS, caller="reader"),
            works("read", f"{group}.get", expects={"allowed_origins.#": 1}),
            refused(401, "an unknown key", f"{group}.get", caller="nobody"),
        )
    ),
    works("read", "settings.get_profile", keeps={"name": "name", "redirect": "redirect_url"}),
    refused(401, "an unknown key", "settings.get_profile", caller="nobody"),
    works(
        "changed",
        "settings.update_profile",
        {"name": "$name", "redirect_url": "$redirect"},
        expects={"name": "$name"},
    ),
    refused(
        403,
        "a key that reads only",
        "settings.update_profile",
        {"name": "$name", "redirect_url": "$redirect"},
        caller="reader",
    ),
    works("read", "settings.get_sync_settings", keeps={"client": "client_id"}),
    refused(401, "an unknown key", "settings.get_sync_settings", caller="nobody"),
    works(
        "changed",
        "settings.update_sync_settings",
        {"client_id": "$client", "settings": [_SETTING], "overrides_defaults": True},
    ),
    refused(
        403,
        "a key that reads only",
        "settings.update_sync_settings",
        {"client_id": "$organization", "settings": [_SETTING], "overrides_defaults": True},
        caller="reader",
    ),
    works(
        "made",
        "settings.create_api_key",
        {"name": "another"},
        keeps={"key": "id"},
        expects={"name": "another"},
    ),
    refused(
        403, "a key that reads only", "settings.create_api_key", {"name": "A"}, caller="reader"
    ),
    works("listed", "settings.list_api_keys", expects={"results.1.name": "reader"}),
    refused(401, "an unknown key", "settings.list_api_keys", caller="nobody"),
    works(
        "revoked, which the client takes for an error",
        "settings.delete_api_key",
        {"api_key_id": "$key"},
        raises="its description has a body where there is none",
    ),
    refused(404, "revoked before", "settings.delete_api_key", {"api_key_id": "$key"}),
)

WEBHOOKS = (
    works(
        "made",
        "webhooks.create_consumer",
        {
            "url": "https://hooks.example.com/in",
            "event_types": ["company.created", "read.completed"],
            "company_tags": ["region:uk"],
        },
        expects={
            "url": "https://hooks.example.com/in",
            "disabled": False,
            "company_tags.0": "region:uk",
        },
        keeps={"consumer": "id"},
    ),
    refused(
        400,
        "an event that is none",
        "webhooks.create_consumer",
        {"url": "https://hooks.example.com/in", "event_types": ["shoes.tied"]},
    ),
    works("listed", "webhooks.list_consumers", expects={"results.#": 1}),
    refused(401, "an unknown key", "webhooks.list_consumers", caller="nobody"),
    works("deleted", "webhooks.delete_consumer", {"webhook_id": "$consumer"}),
    refused(404, "deleted before", "webhooks.delete_consumer", {"webhook_id": "$consumer"}),
    works("a key", "webhooks.rotate_zapier_key", since=6),
    refused(401, "an unknown key", "webhooks.rotate_zapier_key", caller="nobody", since=6),
)

_SANDBOX = {"platform_key": "mqjo"}
_NO_PLATFORM = {"platform_key": "zzzz"}
_SUPPLEMENT = {
    "data_type": "invoices",
    "supplemental_data_configuration": {
        "supplemental_data_config": {
            "extras": {"data_source": "/invoices", "pull_data": {"by": "approval.by.name"}}
        }
    },
}
_CUSTOM = {
    "custom_data_identifier": "notes",
    "custom_data_type_configuration": {
        "data_source": "/projects",
        "required_data": {"text": "$[*].manager"},
        "key_by": ["$[*].id"],
    },
}
_NOTES = {
    "company_id": "$fresh",
    "connection_id": "$fresh connection",
    "custom_data_identifier": "notes",
}
INTEGRATIONS = (
    works("listed", "integrations.list", {}, expects={"page_number": 1}),
    refused(400, "a malformed query", "integrations.list", {"query": "key"}),
    works("read", "integrations.get", _SANDBOX, expects={"key": "mqjo", "enabled": True}),
    refused(404, "unknown", "integrations.get", _NO_PLATFORM),
    works("read", "integrations.get_branding", _SANDBOX),
    refused(404, "unknown", "integrations.get_branding", _NO_PLATFORM),
    works("none", "push_data.list_operations", _COMPANY, expects={"total_results": 0}),
    refused(404, "unknown", "push_data.list_operations", _NO_COMPANY),
    refused(
        404,
        "nothing is written",
        "push_data.get_model_options",
        _CONNECTION | {"data_type": "invoices"},
        says="not supported",
    ),
    refused(
        404, "unknown", "push_data.get_model_options", _NO_CONNECTION | {"data_type": "invoices"}
    ),
    refused(
        404,
        "unknown",
        "push_data.get_operation",
        {"company_id": "$company", "push_operation_key": "$nothing"},
    ),
    works("set", "supplemental_data.configure", _SANDBOX | _SUPPLEMENT),
    refused(
        400,
        "not offered by the platform",
        "supplemental_data.configure",
        {"platform_key": "gbol"} | _SUPPLEMENT,
        typed=False,
        says="not supported",
    ),
    refused(404, "unknown", "supplemental_data.configure", _NO_PLATFORM | _SUPPLEMENT),
    works(
        "read",
        "supplemental_data.get_configuration",
        _SANDBOX | {"data_type": "invoices"},
        expects={
            "supplemental_data_config.extras.data_source": "/invoices",
            "supplemental_data_config.extras.pull_data.by": "approval.by.name",
        },
    ),
    refused(
        404,
        "unknown",
        "supplemental_data.get_configuration",
        _NO_PLATFORM | {"data_type": "invoices"},
    ),
    works(
        "set",
        "custom_data_type.configure",
        _SANDBOX | _CUSTOM,
        expects={"data_source": "/projects", "key_by.0": "$[*].id"},
    ),
    refused(
        400,
        "not offered by the platform",
        "custom_data_type.configure",
        {"platform_key": "gbol"} | _CUSTOM,
        typed=False,
        says="not supported",
    ),
    refused(404, "unknown", "custom_data_type.configure", _NO_PLATFORM | _CUSTOM),
    # The contract calls this an answer with records: its clients keep none of what comes instead.
    works(
        "read",
        "custom_data_type.get_configuration",
        _SANDBOX | {"custom_data_identifier": "notes"},
    ),
    refused(
        404,
        "unknown",
        "custom_data_type.get_configuration",
        _SANDBOX | {"custom_data_identifier": "others"},
    ),
    works(
        "queued",
        "custom_data_type.refresh",
        _NOTES,
        expects={"data_type": "custom/notes", "status": "Queued"},
    ),
    refused(
        404, "unknown", "custom_data_type.refresh", _NOTES | {"custom_data_identifier": "others"}
    ),
    works(
        "read",
        "custom_data_type.list",
        _NOTES | {"page": 1},
        expects={"total_results": 1, "results.0.id": "note-1", "page_number": 1},
    ),
    refused(404, "unknown", "custom_data_type.list", _NOTES | {"connection_id": "$nothing"}),
)

#: Nothing is written to the books; a token that is brought along is tried at the platform, and
#: nobody has one here.
ALWAYS_REFUSED = frozenset(
    {
        "connections.update_authorization",
        "push_data.get_model_options",
        "push_data.get_operation",
    }
)
CASES = (*COMPANIES, *CONNECTIONS, *REFRESHING, *SETTINGS, *WEBHOOKS, *INTEGRATIONS)
