"""What a key must be good for, beside each operation."""

from ninja.security.base import AuthBase

from api.errors import ApiError
from api.models import Scope
from api.principals import ApiRequest, Principal


class Requires(AuthBase):
    """Refuse keys without the scope, and access tokens outside their company.

    The gateway has found out already who calls.
    """

    openapi_type = "http"
    openapi_scheme = "basic"
    openapi_description = (
        "`Authorization: Basic <base64 of the API key>`; `Bearer <API key>` is taken too."
    )

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: ApiRequest) -> Principal:  # type: ignore[override]
        """:raises ApiError: 403 with what would be needed."""
        principal = request.principal
        if self.scope not in principal.scopes:
            raise ApiError(
                403,
                f"This API key is not good for this: it needs the scope “{self.scope}”. "
                "Scopes are chosen under Developers → API keys when a key is created.",
            )
        if principal.company_id is not None:
            match = request.resolver_match
            asked = match.kwargs.get("companyId") if match else None
            if str(asked) != str(principal.company_id):
                raise ApiError(403, "This access token is good for one company only.")
        return principal


READ = Requires(Scope.READ)
WRITE = Requires(Scope.WRITE)
REFRESH = Requires(Scope.REFRESH)
WEBHOOKS = Requires(Scope.WEBHOOKS)
ADMIN = Requires(Scope.ADMIN)
