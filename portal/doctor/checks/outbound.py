"""Can the platforms be reached from here, those that are switched on or linked?"""

from collections.abc import Iterable, Mapping
from functools import partial

import httpx

from companies import tenancy
from connections.models import Connection, Integration
from connections.platforms import PLATFORMS
from connections.platforms.base import Environment, Platform, PlatformApp
from connections.platforms.http import close_clients, platform_client
from connections.platforms.reading import receive
from connections.registration import SANDBOX, stand_in
from portal.doctor.asking import Rows, gathered
from portal.doctor.findings import Answer, error, not_asked, ok, several
from portal.doctor.running import at_once, in_words

_SECONDS = 4.0
type _Used = tuple[str, Environment]


def platform() -> Mapping[str, Answer] | Answer:
    """Ask each server for its first page: whatever it answers, it was reached by TCP and TLS."""
    servers = _servers()
    if not servers:
        return ok("No platform is in use that has servers of its own.")
    addresses = {address for group in servers.values() for address in group}
    questions = {address: partial(_fault, address) for address in sorted(addresses)}
    faults = at_once(questions, seconds=_SECONDS + 1)
    return {
        key: _answer(PLATFORMS[key], {each: faults.get(each, _SILENT) for each in group})
        for key, group in sorted(servers.items())
    }


_SILENT = "no answer in time"


def _servers() -> dict[str, list[str]]:
    """Return the addresses of each platform in use; customers' own servers are not among them."""
    found: dict[str, list[str]] = {}
    for key, environment in sorted(_in_use()):
        if key not in PLATFORMS:
            continue
        app = PlatformApp(base_url=stand_in(key), environment=environment)
        servers = [each for each in PLATFORMS[key].servers(app) if each]
        found[key] = sorted({*found.get(key, []), *servers})
    return {key: servers for key, servers in found.items() if servers or PLATFORMS[key].redirects}


def _in_use() -> set[_Used]:
    with tenancy.system():
        linked = set(
            Connection.objects.linked().order_by().values_list("platform", flat=True).distinct()
        )
    used = gathered(_switched_on).values
    known = {key for key, _ in used}
    used |= {(key, "production") for key in linked - known}
    if stand_in(SANDBOX):  # switched on unless an organization switches it off
        used.add((SANDBOX, "sandbox"))
    return used


def _switched_on(rows: Rows) -> Iterable[_Used]:
    found = rows(Integration).filter(is_enabled=True).order_by()
    for key, environment in found.values_list("platform", "environment").distinct():
        yield key, "sandbox" if environment == "sandbox" else "production"


def _fault(address: str) -> str:
    """Return why an address cannot be reached, or nothing."""
    try:
        client = platform_client("doctor", base_url=address)
        receive(client, "HEAD", "/", headers={}, total_seconds=_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
        return in_words(fault)
    finally:
        close_clients()
    return ""


def _answer(platform: type[Platform], faults: Mapping[str, str]) -> Answer:
    if not faults:
        return not_asked(
            f"{platform.name} is linked, and {platform.key.upper()}_URL is not set here"
        )
    failed = {address: fault for address, fault in faults.items() if fault}
    if failed:
        return error(
            f"{platform.name} is not reached: "
            f"{several(f'{address} ({fault})' for address, fault in failed.items())}.",
            "Its pulls wait and go on by themselves once it answers; nobody can link it.",
            "Look at this machine's name servers (getent hosts NAME), at its outgoing firewall "
            "(port 443) and, for TLS, at its certificates; else at the platform's status page.",
        )
    return ok(f"{platform.name} answers: {', '.join(faults)}.")
