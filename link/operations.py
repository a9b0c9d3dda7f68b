"""What a customer does with a Link URL: authorize or type in a key, come back, disconnect."""

from collections.abc import Mapping

from django.db.models import Case, IntegerField, Value, When

from companies import tenancy
from companies.models import Company
from connections import oauth
from connections.gates import gate_before
from connections.models import AuthorizationAttempt, Connection, LinkUrl
from connections.oauth import Authorization, Choice
from connections.offers import is_offered
from connections.operations import (
    AlreadyConnected,
    Deleted,
    DifferentBusiness,
    begin_authorization,
    complete_authorization,
    create_connection,
    fail_authorization,
    refuse_second_accounting,
    unlink,
)
from connections.platforms import get_platform
from connections.platforms.base import CredentialPlatform, PlatformError
from connections.platforms.gates import gated
from connections.registration import http_client, platform_app
from connections.revocation import give_back
from link import visits
from sync.operations import queue_first_pulls

Outcome = AuthorizationAttempt.Outcome
_CUSTOMER = "The customer disconnected it on the Link page."


def start(link: LinkUrl, *, platform: str, browser: str) -> str:
    """Return the address of the consent page; a connection to authorize is made if there is none.

    :raises KeyError: when there is no such platform, or it is not offered.
    :raises AlreadyConnected: when another accounting platform of the company is linked.
    """
    with tenancy.entered(link.organization_id):
        connection = _to_authorize(link, platform)
        visits.note_choice(link, browser=browser)
        return begin_authorization(connection, link_url=link, browser=browser)


def link_with_credentials(
    link: LinkUrl,
    *,
    platform: type[CredentialPlatform],
    typed_in: Mapping[str, str],
    browser: str,
) -> Connection:
    """Try what the customer typed in, keep it when it opens books, and start the first pulls.

    Call it outside transactions: it waits for another server.

    :raises KeyError: when the platform is not offered.
    :raises PlatformError: when it opens nothing; the customer may type again.
    :raises AlreadyConnected: when another accounting platform of the company is linked.
    :raises DifferentBusiness: when these are not the books that were linked before.
    """
    with tenancy.entered(link.organization_id):
        connection = _to_authorize(link, platform.key)
    credentials = platform.from_fields(typed_in)
    app = platform_app(link.organization_id, platform.key)
    with gated(gate_before(connection, app, credentials)):
        identity = platform(http_client(platform.key, app, credentials), credentials).identity()
    authorization = Authorization(
        organization_id=link.organization_id,
        connection_id=connection.pk,
        credentials=credentials,
        identity=identity,
    )
    with tenancy.entered(link.organization_id):
        connection = complete_authorization(authorization)
        queue_first_pulls(connection)
        visits.note_linked(connection, link_url_id=link.pk, browser_hash=oauth.digest(browser))
    return connection


def complete(
    attempt: AuthorizationAttempt, *, code: str, callback: Mapping[str, str]
) -> Connection | None:
    """Finish what the customer consented to and start the first pulls; else say why not.

    ``callback`` is the query the browser came back with. Call it outside transactions, with an
    attempt that was just claimed.
    """
    try:
        authorization = oauth.redeem(attempt, code=code, callback=callback)
    except Choice:
        return None
    except PlatformError as error:
        _fail(attempt, Outcome.FAILED, "500", "Authorization failed", error.message)
        return None
    return _keep(attempt, authorization)


def choose(attempt: AuthorizationAttempt, *, organization: str) -> Connection | None:
    """Link the accounting organization that the customer chose of several; else say why not.

    Call it outside transactions: the platform may be asked.

    :raises NotOurs: when there is nothing (any more) to choose from, or not that.
    """
    try:
        authorization = oauth.choose(attempt, organization)
    except PlatformError as error:
        _fail(attempt, Outcome.FAILED, "500", "Authorization failed", error.message)
        return None
    return _keep(attempt, authorization)


def _keep(attempt: AuthorizationAttempt, authorization: Authorization) -> Connection | None:
    try:
        with tenancy.entered(attempt.organization_id):
            connection = complete_authorization(authorization)
            queue_first_pulls(connection)
            _conclude(attempt, Outcome.LINKED)
            visits.note_linked(
                connection,
                link_url_id=attempt.link_url_id,
                browser_hash=bytes(attempt.browser_hash),
            )
    except Deleted:
        give_back(attempt.organization_id, attempt.platform, authorization.credentials)
        return None
    except DifferentBusiness as refusal:
        give_back(attempt.organization_id, attempt.platform, authorization.credentials)
        _fail(attempt, Outcome.DIFFERENT_BUSINESS, "409", "Different business", str(refusal))
        return None
    except AlreadyConnected as refusal:
        # These tokens may be of the very grant the other connection lives on: let them expire.
        _fail(attempt, Outcome.ALREADY_CONNECTED, "409", "Already connected", str(refusal))
        return None
    return connection


def cancel(attempt: AuthorizationAttempt) -> None:
    """Note that the customer said no."""
    _fail(attempt, Outcome.CANCELLED, "403", "User cancelled linking", "User cancelled")


def refuse(attempt: AuthorizationAttempt, *, error: str) -> None:
    """Note that the platform itself said no, and the code it gave for that."""
    name = get_platform(attempt.platform).name
    _fail(attempt, Outcome.FAILED, "500", error, f"{name} did not grant access ({error}).")


def disconnect(connection: Connection) -> None:
    """Let the customer take the authorization back.

    :raises NotLinked: when there is none.
    :raises Deleted: when the connection is no more.
    """
    unlink(connection, actor=None, reason=_CUSTOMER)


def _to_authorize(link: LinkUrl, platform: str) -> Connection:
    """Return the connection to authorize, in the caller's transaction; it is made if there is none.

    :raises KeyError: when there is no such platform, or it is not offered.
    :raises AlreadyConnected: when another accounting platform of the company is linked.
    """
    # Of two presses of the button one makes the connection, the other finds it.
    company = Company.objects.select_for_update().get(pk=link.company_id)
    connection = link.connection or _connection_to(company, platform)
    refuse_second_accounting(connection)
    return connection


def _connection_to(company: Company, platform: str) -> Connection:
    """Return the company's connection to the platform, which keeps its id when linked again."""
    known = Connection.objects.within(company.organization_id).filter(
        company=company, platform=get_platform(platform).key
    )
    foremost = Case(
        When(status=Connection.Status.LINKED, then=Value(0)),
        When(status=Connection.Status.PENDING_AUTH, then=Value(2)),
        default=Value(1),
        output_field=IntegerField(),
    )
    found = known.order_by(foremost, "-status_changed_at", "id").first()
    if found is None and not is_offered(company.organization_id, platform):
        raise KeyError(platform)
    return found or create_connection(company, platform=platform)


def _fail(
    attempt: AuthorizationAttempt,
    outcome: Outcome,
    status_code: str,
    status_text: str,
    message: str,
) -> None:
    with tenancy.entered(attempt.organization_id):
        connections = Connection.objects.within(attempt.organization_id)
        connection = connections.filter(pk=attempt.connection_id).first()
        if connection is None:  # deleted while the customer was away
            return
        fail_authorization(
            connection,
            status_code=status_code,
            status_text=status_text,
            message=message,
        )
        _conclude(attempt, outcome)
        visits.note_failure(attempt, status_text=message)


def _conclude(attempt: AuthorizationAttempt, outcome: Outcome) -> None:
    AuthorizationAttempt.objects.filter(pk=attempt.pk).update(outcome=outcome)
    attempt.outcome = outcome
