"""Which platforms a visitor of a Link URL may choose from."""

from connections.offers import enabled_platforms
from connections.platforms import get_platform
from connections.platforms.base import Platform
from connections.registration import SANDBOX
from link.hosted import Visit
from link.visits import SHOW_SANDBOX


def offered(visit: Visit) -> list[type[Platform]]:
    """Return what can be added, by name: of accounting platforms a company links one at a time."""
    has_accounting = any(each.is_accounting for each in visit.linked)
    return [
        platform
        for platform in enabled_platforms(visit.link.organization_id)
        if not (has_accounting and platform.source_type == "Accounting")
        and (platform.key != SANDBOX or _shows_sandbox(visit))
    ]


def asked_for(visit: Visit) -> list[type[Platform]]:
    """Return what the first page speaks of: what is known of this company, else all there is."""
    known = [get_platform(each.platform) for each in visit.known or visit.connections[:1]]
    return known or offered(visit)


def may_link(visit: Visit, key: str) -> bool:
    """Tell whether this visitor finds the platform here, or has linked it before."""
    return any(each.platform == key for each in visit.connections) or any(
        each.key == key for each in offered(visit)
    )


def _shows_sandbox(visit: Visit) -> bool:
    parameters = visit.record.parameters if visit.record else {}
    wanted = str(parameters.get(SHOW_SANDBOX, "")).lower()
    return {"true": True, "false": False}.get(wanted, visit.settings.shows_sandbox)
