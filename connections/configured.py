"""What configurations of extra data have in common: what can be kept, and telling of changes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from companies import audit, events
from companies.models import Actor, AuditKind, EventType, Organization
from connections.platforms.base import Platform
from connections.platforms.json_paths import BadPath, JsonPath

MOST_PROPERTIES = 50
_LONGEST_NAME = 100
_LONGEST_SOURCE = 500
#: A path and no address: whatever stands here is asked of the platform's own server.
_PATH = re.compile(r"/?[A-Za-z0-9_~!$&'()*+,;=:@%.-]+(?:/[A-Za-z0-9_~!$&'()*+,;=:@%.-]+)*/?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and with which member."""

    member: str
    message: str


class ConfigurationInvalid(Exception):
    """A configuration that cannot be kept, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(f"{each.member}: {each.message}" for each in self.problems))


class NotConfigurable(Exception):
    """The platform has nothing of the kind."""


def name_problems(member: str, names: Iterable[str]) -> list[Problem]:
    return [
        Problem(
            member,
            f"“{name[:_LONGEST_NAME]}” is no name: it needs 1 to {_LONGEST_NAME} characters.",
        )
        for name in names
        if not 0 < len(name.strip()) <= _LONGEST_NAME or _CONTROL.search(name)
    ]


def path_problems(member: str, paths: Mapping[str, str]) -> list[Problem]:
    """Find what is no path into a platform's record, each under the name that it goes by."""
    problems = []
    for name, path in paths.items():
        try:
            JsonPath.parse(path)
        except BadPath as error:
            problems.append(
                Problem(
                    f"{member}.{name}" if name else member,
                    f"“{path[:_LONGEST_NAME]}” is no path. {error}",
                )
            )
    return problems


def source_problems(member: str, data_source: str) -> list[Problem]:
    """Find what makes a data source no path below a platform's API."""
    path, _, query = data_source.partition("?")
    if len(data_source) > _LONGEST_SOURCE:
        message = f"It is longer than {_LONGEST_SOURCE} characters."
    elif not _PATH.fullmatch(path) or {".", ".."} & set(unquote(path).split("/")):
        message = (
            "Write a path of the platform’s API such as /projects, with a query if it needs one; "
            "no address."
        )
    elif _CONTROL.search(query) or "#" in query:
        message = "Its query has characters in it that no address can have."
    else:
        return []
    return [Problem(member, message)]


def record_change(
    organization: Organization,
    platform: type[Platform],
    what: str,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    actor: Actor | None,
) -> None:
    """Tell the audit log and the activity what was configured, in the caller's transaction.

    Nothing is told where nothing differs.
    """
    is_changed = audit.record(
        AuditKind.INTEGRATION,
        "created" if before is None else "changed",
        organization_id=organization.pk,
        object_id=platform.key,
        label=f"{platform.name}: {what}",
        actor=actor,
        before=before,
        after=after,
    )
    if is_changed:
        events.record(
            EventType.SETTINGS_CHANGED,
            organization_id=organization.pk,
            actor=actor,
            summary=f"configured the {what} for {platform.name}",
        )
