"""What a browser brought along to a Link URL, how far it came, and what came of it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce, Now

from companies import tenancy
from connections import one_time
from connections.models import AuthorizationAttempt, Connection, LinkUrl
from connections.oauth import digest
from link import redirects
from link.models import LinkVisit
from link.redirects import Ending

SHOW_SANDBOX = "link.showSandboxIntegrations"
#: Of each Link URL's visits that came to nothing only the newest are kept: robots follow links.
_MOST_IDLE = 200
_MOST_PARAMETERS = 20
#: All names and values together.
_MOST_CHARACTERS = 1000


def parameters_of(query: Mapping[str, str]) -> dict[str, str]:
    """Take as much of a Link URL's own query along as anybody reasonably needs."""
    kept: dict[str, str] = {}
    left = _MOST_CHARACTERS
    own = [each for each in query.items() if each[0] not in one_time.PARAMETERS]
    for name, value in own[:_MOST_PARAMETERS]:
        left -= len(name) + len(value)
        if left < 0:
            break
        if "\x00" not in name + value:  # which PostgreSQL does not store
            kept[name] = value
    return kept


def note_opening(
    link: LinkUrl, *, browser: str, query: Mapping[str, str], was_linked: bool
) -> LinkVisit:
    """Remember that this browser opened the Link URL; after its end a visit begins anew."""
    given = parameters_of(query)
    with tenancy.entered(link.organization_id):
        visit, is_new = LinkVisit.objects.get_or_create(
            link_url=link,
            browser_hash=digest(browser),
            defaults={
                "organization_id": link.organization_id,
                "company_id": link.company_id,
                "parameters": given,
                "was_linked": was_linked,
            },
        )
        if is_new:
            _forget_idle(link)
        elif visit.finished_at:
            visit.parameters, visit.finished_at = given, None
            visit.status_code, visit.status_text, visit.connection_id = None, "", None
            visit.save()
        elif given:
            visit.parameters = given
            visit.save(update_fields=["parameters"])
    return visit


def find(link: LinkUrl, *, browser: str) -> LinkVisit | None:
    """Return the visit in the caller's transaction; there is none where cookies are refused."""
    return LinkVisit.objects.of(link.pk, digest(browser)).first()


def note_choice(link: LinkUrl, *, browser: str) -> None:
    """Remember that a platform was chosen."""
    with tenancy.entered(link.organization_id):
        LinkVisit.objects.of(link.pk, digest(browser)).update(chose_at=_first("chose_at"))


def note_linked(connection: Connection, *, link_url_id: UUID, browser_hash: bytes) -> None:
    """Remember that the visit led to a linked connection."""
    LinkVisit.objects.of(link_url_id, browser_hash).update(
        chose_at=_first("chose_at"),
        authorized_at=_first("authorized_at"),
        status_code=redirects.AUTHORIZED,
        status_text="",
        connection_id=connection.pk,
    )


def note_upload(link: LinkUrl, *, browser: str) -> None:
    """Remember that the visit led to files, which stand for a connection."""
    with tenancy.entered(link.organization_id):
        LinkVisit.objects.of(link.pk, digest(browser)).update(
            status_code=redirects.AUTHORIZED, status_text="", connection_id=None
        )


def note_failure(attempt: AuthorizationAttempt, *, status_text: str) -> None:
    """Remember why an attempt came to nothing."""
    is_cancelled = attempt.outcome == AuthorizationAttempt.Outcome.CANCELLED
    LinkVisit.objects.of(attempt.link_url_id, bytes(attempt.browser_hash)).update(
        status_code=redirects.CANCELLED if is_cancelled else redirects.FAILED,
        status_text=status_text[:200],
        connection_id=attempt.connection_id,
    )


def finish(
    visit: LinkVisit | None, connections: Sequence[Connection], *, is_unsupported: bool
) -> Ending:
    """Answer what came of the visit, and remember that the customer left."""
    if visit is not None:
        LinkVisit.objects.filter(pk=visit.pk).update(finished_at=Now())
    parameters = visit.parameters if visit is not None else {}
    if visit is not None and visit.status_code is not None:
        touched = (each for each in connections if each.pk == visit.connection_id)
        return Ending(
            status_code=visit.status_code,
            status_text=visit.status_text,
            connection=next(touched, None),
            parameters=parameters,
        )
    if is_unsupported:
        code = redirects.NOT_SUPPORTED
    elif any(each.is_linked for each in connections):
        code = redirects.ALREADY_CONNECTED
    else:
        code = redirects.CANCELLED
    return Ending(status_code=code, parameters=parameters)


def _first(field: str) -> Coalesce:
    return Coalesce(F(field), Now())


def _forget_idle(link: LinkUrl) -> None:
    idle = LinkVisit.objects.filter(link_url=link, chose_at=None).order_by("-opened_at", "-id")
    LinkVisit.objects.filter(pk__in=idle[_MOST_IDLE:].values("pk")).delete()
