"""The organization's own settings: profile, what is pulled, allowed origins, API keys."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router, Status
from pydantic import Field

from api import cors, keys, profile, sync_settings
from api.errors import ApiError, not_found
from api.models import ApiKey, Scope
from api.principals import ApiRequest, program_of
from api.profile import Profile
from api.responses import responses
from api.scopes import ADMIN, READ
from api.shapes import Shape, moment
from api.sync_settings import SyncSettings, SyncSettingsBody

router = Router(tags=["Settings"], by_alias=True)


class AllowedOrigins(Shape):
    allowed_origins: list[str]


class ApiKeyDetails(Shape):
    id: UUID
    name: Annotated[str | None, Field(max_length=50)] = None
    api_key: Annotated[
        str | None,
        Field(description="Only in the answer that creates it: of a key its hash alone is kept."),
    ] = None
    created_date: str
    ending: Annotated[str, Field(description="The key's last four characters.")]
    scopes: list[str]
    expires_at: str | None = None
    last_used_at: str | None = None


class ApiKeys(Shape):
    results: list[ApiKeyDetails]


class ApiKeyBody(Shape):
    name: Annotated[str | None, Field(max_length=50)] = None


@router.get(
    "/profile",
    auth=READ,
    response=responses(Profile),
    operation_id="get-profile",
    summary="Get profile",
    exclude_none=True,
)
def get_profile(request: ApiRequest) -> dict[str, Any]:
    """The organization's name, where customers are sent after Link, its logo, and the web pages
    that may call the API.
    """
    return profile.of_organization(request.organization)


@router.put(
    "/profile",
    auth=ADMIN,
    response=responses(Profile, 400),
    operation_id="update-profile",
    summary="Update profile",
    exclude_none=True,
)
def update_profile(request: ApiRequest, body: Profile) -> dict[str, Any]:
    """Change the name, the redirect URL and the allowed origins; the logo is uploaded in the
    portal.
    """
    profile.save(request.organization, body, actor=program_of(request))
    request.organization.refresh_from_db(fields=["name"])
    return profile.of_organization(request.organization)


@router.get(
    "/profile/syncSettings",
    auth=READ,
    response=responses(SyncSettings),
    operation_id="get-profile-syncSettings",
    summary="Get sync settings",
)
def get_sync_settings(request: ApiRequest) -> dict[str, Any]:
    """How often each data type is pulled for companies without settings of their own."""
    return sync_settings.of_organization(request.organization)


@router.post(
    "/profile/syncSettings",
    auth=ADMIN,
    response=responses(None, 400, status=204),
    operation_id="update-profile-syncSettings",
    summary="Update all sync settings",
)
def update_sync_settings(request: ApiRequest, body: SyncSettingsBody) -> HttpResponse:
    """Set how data types are pulled; those left out stay as they are."""
    if body.client_id != request.organization.pk:
        raise ApiError(400, "The clientId of the body is not the organization of this API key.")
    sync_settings.save(request.organization, body.settings, actor=program_of(request))
    return HttpResponse(status=204)


@router.get(
    "/corsSettings",
    auth=READ,
    response=responses(AllowedOrigins, 404),
    operation_id="get-cors-settings",
    summary="Get CORS settings",
)
def get_cors(request: ApiRequest) -> dict[str, Any]:
    """The web pages that may call the API from a browser."""
    return {"allowedOrigins": cors.allowed_origins(request.organization.pk)}


@router.post(
    "/corsSettings",
    auth=ADMIN,
    response=responses(AllowedOrigins, 400, 404),
    operation_id="set-cors-settings",
    summary="Set CORS settings",
)
def set_cors(request: ApiRequest, body: AllowedOrigins) -> dict[str, Any]:
    """Replace the web pages that may call the API from a browser."""
    origins = profile.allow_origins(
        request.organization, body.allowed_origins, actor=program_of(request)
    )
    return {"allowedOrigins": origins}


@router.get(
    "/connectionManagement/corsSettings",
    auth=READ,
    response=responses(AllowedOrigins, 404),
    operation_id="get-connection-management-cors-settings",
    summary="Get CORS settings (old address)",
    deprecated=True,
)
def get_cors_at_old_address(request: ApiRequest) -> dict[str, Any]:
    """The same as `/corsSettings`."""
    return get_cors(request)


@router.post(
    "/connectionManagement/corsSettings",
    auth=ADMIN,
    response=responses(AllowedOrigins, 400, 404),
    operation_id="set-connection-management-cors-settings",
    summary="Set CORS settings (old address)",
    deprecated=True,
)
def set_cors_at_old_address(request: ApiRequest, body: AllowedOrigins) -> dict[str, Any]:
    """The same as `/corsSettings`."""
    return set_cors(request, body)


@router.get(
    "/apiKeys",
    auth=ADMIN,
    response=responses(ApiKeys),
    operation_id="list-api-keys",
    summary="List API keys",
    exclude_none=True,
)
def list_api_keys(request: ApiRequest) -> dict[str, Any]:
    """The organization's keys, oldest first, without the keys themselves."""
    return {"results": [_written(key) for key in keys.keys_of(request.organization)]}


@router.post(
    "/apiKeys",
    auth=ADMIN,
    response=responses(ApiKeyDetails, 400, 409, status=201),
    operation_id="create-api-key",
    summary="Create API key",
    exclude_none=True,
)
def create_api_key(request: ApiRequest, body: ApiKeyBody | None = None) -> Status[dict[str, Any]]:
    """Make a key that may do what the key of this request may, and never expires; others are made
    in the portal. It is shown in this answer only.
    """
    name = (body.name if body else None) or ""
    if "\x00" in name:
        raise ApiError(400, "A name cannot have a zero byte in it.")
    try:
        # None gives away more than it has.
        scopes = [Scope(each) for each in request.principal.scopes]
        key, text = keys.create_key(
            request.organization, name=name, scopes=scopes, actor=program_of(request)
        )
    except keys.TooManyKeys as error:
        raise ApiError(409, str(error)) from error
    key.refresh_from_db(fields=["created_at"])
    return Status(201, _written(key) | {"apiKey": text})


@router.delete(
    "/apiKeys/{uuid:apiKeyId}",
    auth=ADMIN,
    response=responses(None, 404, 409, status=204),
    operation_id="delete-api-key",
    summary="Delete API key",
)
def delete_api_key(request: ApiRequest, apiKeyId: UUID) -> HttpResponse:  # noqa: N803
    """Take a key away at once, but not the last one that works."""
    try:
        keys.revoke_key(request.organization, apiKeyId, actor=program_of(request))
    except ApiKey.DoesNotExist:
        raise not_found("API key", apiKeyId) from None
    except keys.LastKey as error:
        raise ApiError(409, str(error)) from error
    return HttpResponse(status=204)


def _written(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "name": key.name or None,
        "createdDate": moment(key.created_at),
        "ending": key.ending,
        "scopes": key.scope_labels,
        "expiresAt": moment(key.expires_at),
        "lastUsedAt": moment(key.last_used_at),
    }
