"""Which tables and columns an archive has: found from the models, so that none is forgotten."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db import models

from api.models import ApiKey
from companies.models import (
    AuditEntry,
    Membership,
    Organization,
    OutboxEntry,
    RemovedOrganization,
    StoredDataKey,
    User,
)
from companies.rls import RowLevelSecurity
from connections.models import AuthorizationAttempt
from portal.rekeying import SEALED
from support.models import SupportGrant
from sync.models import StagedPage, StagedRecord

#: What stays where it is, and why. All other tables of organizations are taken along.
LEFT_BEHIND: Mapping[type[models.Model], str] = {
    AuthorizationAttempt: "consents under way come back to the address they left from",
    OutboxEntry: "what waits to be told is told by the installation where it happened",
    RemovedOrganization: "tells what was deleted from an installation",
    StagedPage: "pulls under way begin again",
    StagedRecord: "pulls under way begin again",
    StoredDataKey: "keys are wrapped by an installation's own ring: see `portal.transfer.secrets`",
    SupportGrant: "lets an installation's own staff in",
}
#: What is left out besides the sealed columns when secrets are.
CREDENTIALS = frozenset({ApiKey})
#: The order of the rows where it is not that of the primary key.
_ORDER: Mapping[type[models.Model], str] = {
    AuditEntry: "sequence",
    Membership: "created_at",
}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    #: Refers to a person, whom the archive names by e-mail address.
    is_person: bool
    is_required: bool
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class Table:
    model: type[models.Model]
    columns: tuple[Column, ...]
    #: Names the organization.
    owner: str
    order: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def member(self) -> str:
        return f"tables/{self.name}.copy"

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]


def owned_models() -> Iterator[type[models.Model]]:
    """Yield what belongs to organizations; organizations themselves come first."""
    yield Organization
    for model in apps.get_models(include_auto_created=True):
        if model is not Organization and any(
            isinstance(each, RowLevelSecurity) for each in model._meta.constraints
        ):
            yield model


def tables(*, with_secrets: bool) -> list[Table]:
    return [
        _table(model)
        for model in owned_models()
        if model not in LEFT_BEHIND and (with_secrets or model not in CREDENTIALS)
    ]


def _table(model: type[models.Model]) -> Table:
    options = model._meta
    sealed = {column.name for column in SEALED if column.model is model}
    numbered = isinstance(options.pk, models.AutoField | models.BigAutoField)
    columns = tuple(
        Column(
            name=str(field.column),
            is_person=field.is_relation and field.related_model is User,
            is_required=not field.null,
            is_sealed=field.name in sealed,
        )
        for field in options.local_concrete_fields
        # What the database counts or computes, it counts and computes anew.
        if not field.generated and not (numbered and field.primary_key)
    )
    key = [str(field.column) for field in options.pk_fields]
    return Table(
        model=model,
        columns=columns,
        owner="id" if model is Organization else "organization_id",
        order=(_ORDER[model], *key) if model in _ORDER else tuple(key),
    )
