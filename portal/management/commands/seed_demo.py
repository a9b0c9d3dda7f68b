"""Make the demo organization: what a newcomer signs in to."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from api.keys import create_key, drop_key, keys_of
from companies import tenancy
from companies.models import Company, Organization, User
from connections.schemas import DataType
from portal.onboarding import add_sandbox_company, open_organization
from sync.models import Frequency
from sync.settings import EffectiveSetting, save_settings

EMAIL = "priya@harbour-lending.example"
ORGANIZATION = "Harbour Lending"
KEY = "Demo"
_DAILY = [
    EffectiveSetting(data_type=data_type, frequency=Frequency.DAILY, fetch_on_first_link=True)
    for data_type in DataType
]


class Command(BaseCommand):
    help = "Make the demo organization with a company linked to the sandbox platform."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, help="JSON file that tells how to sign in")

    def handle(self, *, output: Path | None, **_: Any) -> None:
        """Make what is missing: a start that was interrupted is finished by the next one."""
        password = os.environ["LEDGERPORT_DEMO_PASSWORD"]
        user = User.objects.filter(email=EMAIL).first()
        if user is None:
            user = User.objects.create_user(EMAIL, password, name="Priya Nair")
        organization, company = _organization_of(user)
        with tenancy.entered(organization.pk):
            save_settings(organization, settings=_DAILY, actor=user)
        if output is not None:
            output.write_text(
                json.dumps(
                    {
                        "email": EMAIL,
                        "password": password,
                        "organization": organization.slug,
                        "company_id": str(company.pk),
                        "api_key": _new_key(organization, user),
                    }
                )
            )


def _new_key(organization: Organization, user: User) -> str:
    """Make the demo's API key anew: of an earlier one only the hash is left."""
    for key in keys_of(organization):
        if key.name == KEY:
            drop_key(key, actor=user)
    _, text = create_key(organization, name=KEY, actor=user)
    return text


def _organization_of(user: User) -> tuple[Organization, Company]:
    with tenancy.as_user(user.pk):
        organization = Organization.objects.filter(members=user).first()
    if organization is None:
        return open_organization(user, name=ORGANIZATION)
    with tenancy.entered(organization.pk):
        company = Company.objects.within(organization).first()
    return organization, company or add_sandbox_company(organization.pk, user=user)
