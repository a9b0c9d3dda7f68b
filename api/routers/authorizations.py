"""Take over credentials that a business gave elsewhere, and give out old-style tokens."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router
from pydantic import RootModel

from api import bodies, links
from api.errors import ApiError, Issue, not_found
from api.later import Later
from api.principals import ApiRequest, company_token, program_of
from api.responses import responses
from api.routers.companies import find_company
from api.routers.connections import find_connection
from api.scopes import READ, WRITE
from api.shapes import ConnectionShape, Shape
from companies import tenancy
from connections.imports import NotImportable, import_authorization
from connections.operations import AlreadyConnected, Deleted, DifferentBusiness
from connections.platforms import get_platform
from connections.platforms.base import CredentialPlatform, PlatformError
from link.forms import CredentialsForm

router = Router(by_alias=True)


class AuthorizationBody(RootModel[dict[str, str]]):
    """What opens the platform: for one with a consent page `accessToken`, `refreshToken`,
    `expiresIn` (seconds) and `organizationId` (its id for the business); for the others what their
    Link page asks for.
    """


class ConnectionManagementAccessToken(Shape):
    access_token: str


@router.put(
    "/companies/{uuid:companyId}/connections/{uuid:connectionId}/authorization",
    auth=WRITE,
    response=responses(ConnectionShape, 400, 404),
    operation_id="update-connection-authorization",
    summary="Update authorization",
    tags=["Connections"],
)
def update_authorization(
    request: ApiRequest,
    companyId: UUID,  # noqa: N803
    connectionId: UUID,  # noqa: N803
    body: AuthorizationBody,
) -> HttpResponse:
    """Link a connection with credentials you have already. They are tried first; nothing is
    pulled until you ask for it. Tokens must have been issued to your own registration at the
    platform, or they could not be renewed.
    """
    connection = find_connection(request, companyId, connectionId)
    program = program_of(request)

    def answer() -> HttpResponse:
        try:
            values = _checked(connection.platform, body.root)
            import_authorization(connection, values, actor=program)
        except (NotImportable, PlatformError, AlreadyConnected, DifferentBusiness) as error:
            issue = Issue("Connection", str(error), "UpdateAuthorization")
            raise ApiError(400, str(error), issues=[issue]) from error
        except Deleted:
            raise not_found("connection", connectionId) from None
        with tenancy.entered(request.organization.pk):
            linked = find_connection(request, companyId, connectionId)
            return bodies.answer(bodies.encoded(links.connection_handed_out(linked)))

    return Later(answer)


@router.get(
    "/companies/{uuid:companyId}/connectionManagement/accessToken",
    auth=READ,
    response=responses(ConnectionManagementAccessToken, 404),
    operation_id="get-connection-management-access-token",
    summary="Get access token (old address)",
    tags=["Connection management"],
    deprecated=True,
)
def get_access_token(request: ApiRequest, companyId: UUID) -> dict[str, Any]:  # noqa: N803
    """The same token as `/companies/{companyId}/accessToken` gives: it reads one company, for a
    day.
    """
    if request.principal.key is None:
        raise ApiError(403, "Only an API key can ask for access tokens.")
    return {"accessToken": company_token(find_company(request, companyId))}


def _checked(key: str, values: dict[str, str]) -> dict[str, str]:
    """Hold what is sent for a platform without a consent page to what its Link page takes.

    :raises NotImportable: with what is wrong with which of them.
    """
    platform = get_platform(key)
    if not issubclass(platform, CredentialPlatform):
        return values
    known = [field.name for field in platform.fields]
    if unknown := sorted(set(values) - set(known)):
        raise NotImportable(
            f"{platform.name} takes {', '.join(known)}; it does not know {', '.join(unknown)}."
        )
    form = CredentialsForm(values, platform=platform)
    if not form.is_valid():
        errors = form.errors.get_json_data()
        wrong = "; ".join(
            f"{name}: {' '.join(each['message'] for each in found)}"
            for name, found in errors.items()
        )
        raise NotImportable(wrong)
    return form.cleaned_data
