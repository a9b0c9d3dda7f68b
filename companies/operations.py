"""What people do to organizations and companies, whoever asks: a page, sign-up or a command."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from companies import audit, data_keys, events, tenancy
from companies.facts import company_facts
from companies.models import (
    Actor,
    AuditKind,
    Company,
    EventType,
    Membership,
    Organization,
    ProductInvalid,
    RemovedOrganization,
    User,
    clean_company_name,
    clean_product,
    clean_tags,
    name_of,
    person,
)
from companies.models.company import MOST_PRODUCTS
from companies.roles import Role

logger = logging.getLogger(__name__)

#: Words that would mislead in a URL or are wanted later.
RESERVED_SLUGS = frozenset(
    {"accounts", "admin", "api", "docs", "help", "ledgerport", "link", "new", "static", "support"}
)
_SLUG_LENGTH = 50
_SLUG_ATTEMPTS = 8


class NameMissing(ValueError):
    """Nothing is left of the company name once the characters it may not have are removed."""


class OrganizationInUse(Exception):
    """An organization with companies is not deleted."""


def create_organization(user: User, name: str) -> Organization:
    """Create an organization whose first Administrator is this person."""
    organization = Organization(id=uuid4(), name=" ".join(name.split()))
    with tenancy.entered(organization.pk):
        _save_with_unique_slug(organization)
        Membership.objects.create(organization=organization, user=user, role=Role.ADMINISTRATOR)
    return organization


def rename_organization(organization: Organization, *, name: str, actor: Actor | None) -> None:
    """Give the organization another name; its address stays, since links lead to it."""
    name = " ".join(name.split())
    with tenancy.entered(organization.pk):
        held = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        audit.record(
            AuditKind.ORGANIZATION,
            gettext_noop("changed"),
            organization_id=organization.pk,
            object_id=organization.pk,
            label=name,
            actor=actor,
            before={"name": held.name},
            after={"name": name},
        )
        held.name = name
        held.save(update_fields=["name"])


def switch_failure_emails(organization: Organization, *, on: bool, actor: Actor | None) -> None:
    """Have members who may change settings told by e-mail of what fails, or not."""
    with tenancy.entered(organization.pk):
        held = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        audit.record(
            AuditKind.ORGANIZATION,
            gettext_noop("changed"),
            organization_id=organization.pk,
            object_id=organization.pk,
            label=held.name,
            actor=actor,
            before={"failure_emails": held.emails_failures},
            after={"failure_emails": on},
        )
        held.emails_failures = on
        held.save(update_fields=["emails_failures"])


def delete_organization(organization: Organization, *, actor: Actor | None) -> None:
    """Remove an organization for good, and destroy its keys.

    What was sealed for it cannot be opened any more, wherever a copy of that lies. Its audit log
    goes with it; that it was deleted, when and by whom, stays.

    :raises OrganizationInUse: while it has companies; deleting these gives back what they granted.
    """
    with tenancy.entered(organization.pk):
        # Nobody adds a company meanwhile: that holds the organization's row.
        held = Organization.objects.select_for_update().get(pk=organization.pk)
        if Company.objects.within(held).exists():
            raise OrganizationInUse(f"{held.name} has companies: delete these first.")
        by = name_of(actor) or "Ledgerport"
        RemovedOrganization.objects.create(organization_id=held.pk, name=held.name, actor_name=by)
        held.delete()
    data_keys.forget()
    logger.warning("organization %s was deleted by %s", organization.pk, by)


def save_profile(user: User, *, name: str, time_zone: str) -> None:
    user.name = " ".join(name.split())
    user.time_zone = time_zone
    user.save(update_fields=["name", "time_zone"])


def choose_times(user: User, *, absolute: bool) -> None:
    """Remember how a person reads the moments in lists of what happened."""
    user.absolute_times = absolute
    user.save(update_fields=["absolute_times"])


def create_company(
    organization: Organization,
    *,
    name: str,
    created_by: Actor | None = None,
    summary: str = "added the company",
) -> Company:
    """Add a company.

    :raises NameMissing: when the name has no character a name may have.
    """
    with transaction.atomic():
        company = Company.objects.create(
            organization=organization, name=_cleaned(name), created_by=person(created_by)
        )
        events.record(
            EventType.COMPANY_CREATED,
            organization_id=organization.pk,
            company_id=company.pk,
            actor=created_by,
            summary=summary,
            payload={"name": company.name, "company": company_facts(company)},
        )
    return company


def rename_company(company: Company, *, name: str, actor: Actor | None = None) -> Company:
    """Give the company another name; its connections and data stay as they are.

    :raises NameMissing: when the name has no character a name may have.
    """
    name = _cleaned(name)
    with transaction.atomic():
        company = (
            Company.objects.within(company.organization_id).select_for_update().get(pk=company.pk)
        )
        former = company.name
        if former == name:
            return company
        company.name = name
        company.save(update_fields=["name"])
        events.record(
            EventType.COMPANY_RENAMED,
            organization_id=company.organization_id,
            company_id=company.pk,
            actor=actor,
            summary=f"renamed the company from “{former}”",
            payload={"from": former, "to": name},
        )
    return company


def edit_company(
    company: Company,
    *,
    description: str,
    tags: Mapping[str, str],
    actor: Actor | None = None,
) -> Company:
    """Replace the company's description and tags.

    :raises TagsInvalid: when a company cannot have such tags.
    """
    wanted = {"description": description.strip(), "tags": clean_tags(tags)}
    with transaction.atomic():
        company = (
            Company.objects.within(company.organization_id).select_for_update().get(pk=company.pk)
        )
        former = {"description": company.description, "tags": company.tags}
        changed = [name for name in wanted if former[name] != wanted[name]]
        if not changed:
            return company
        company.description, company.tags = description.strip(), clean_tags(tags)
        company.save(update_fields=changed)
        events.record(
            EventType.COMPANY_EDITED,
            organization_id=company.organization_id,
            company_id=company.pk,
            actor=actor,
            summary=f"changed the company’s {' and '.join(changed)}",
            payload={"from": former, "to": wanted},
        )
    return company


def add_product(company: Company, product: str, *, actor: Actor | None = None) -> Company:
    """Note that the company is used for a product; once is enough.

    :raises ProductInvalid: when a company cannot have it.
    """
    product = clean_product(product)
    with transaction.atomic():
        company = (
            Company.objects.within(company.organization_id).select_for_update().get(pk=company.pk)
        )
        if product in company.products:
            return company
        if len(company.products) >= MOST_PRODUCTS:
            raise ProductInvalid(f"A company has at most {MOST_PRODUCTS} products.")
        _set_products(
            company,
            [*company.products, product],
            EventType.COMPANY_PRODUCT_ADDED,
            product=product,
            actor=actor,
        )
    return company


def remove_product(company: Company, product: str, *, actor: Actor | None = None) -> bool:
    """Note that the company is used for a product no longer; answer whether it was."""
    with transaction.atomic():
        company = (
            Company.objects.within(company.organization_id).select_for_update().get(pk=company.pk)
        )
        if product not in company.products:
            return False
        _set_products(
            company,
            [each for each in company.products if each != product],
            EventType.COMPANY_PRODUCT_REMOVED,
            product=product,
            actor=actor,
        )
    return True


def choose_list_view(
    user: User, *, columns: Iterable[str] | None, compact: bool, attention_first: bool
) -> None:
    """Remember how a person wants to see the companies' list; None are the usual columns."""
    user.company_columns = None if columns is None else list(columns)
    user.compact_companies = compact
    user.attention_first = attention_first
    user.save(update_fields=["company_columns", "compact_companies", "attention_first"])


def _set_products(
    company: Company, products: list[str], event: EventType, *, product: str, actor: Actor | None
) -> None:
    company.products = products
    company.save(update_fields=["products"])
    verb = "added" if event is EventType.COMPANY_PRODUCT_ADDED else "removed"
    events.record(
        event,
        organization_id=company.organization_id,
        company_id=company.pk,
        actor=actor,
        summary=f"{verb} the product {product}",
        payload={"productId": product, "company": company_facts(company)},
    )


def _cleaned(name: str) -> str:
    cleaned = clean_company_name(name)
    if not cleaned:
        raise NameMissing(_("A company name needs letters or digits."))
    return cleaned


def _save_with_unique_slug(organization: Organization) -> None:
    """Try the plain name first; whose slugs are taken cannot be asked from in here."""
    base = slugify(organization.name)[:_SLUG_LENGTH].strip("-") or "organization"
    slug = f"{base}-{secrets.token_hex(2)}" if base in RESERVED_SLUGS else base
    for attempt in range(_SLUG_ATTEMPTS):
        organization.slug = slug
        try:
            with transaction.atomic():
                organization.save(force_insert=True)
        except IntegrityError:
            if attempt == _SLUG_ATTEMPTS - 1:
                raise
            slug = f"{base}-{secrets.token_hex(2)}"
        else:
            return
