"""An organization that has everything, sealed as it should be."""

import io
import json
import zipfile

from companies import data_keys, tenancy
from companies.models import Organization
from connections import sealing
from connections.models import Integration, StoredCredentials
from connections.platforms.base import Credentials
from connections.registration import sealed_secret
from tests import estate
from tests.factories import MembershipFactory, OrganizationFactory
from webhooks import sealing as endpoints
from webhooks.models import WebhookConsumer

TOKENS = Credentials(access_token="canary-access", refresh_token="canary-refresh")


def build(administrator) -> Organization:
    organization = OrganizationFactory(name="Harbour Lending", slug="harbour")
    MembershipFactory(organization=organization, user=administrator)
    estate.build(organization, administrator)
    with tenancy.entered(organization.pk):
        for row in StoredCredentials.objects.select_related("connection"):
            sealing.store(row.connection, TOKENS)
        for consumer in WebhookConsumer.objects.all():
            consumer.sealed_secret = endpoints.seal_secret(
                organization.pk, consumer.pk, "whsec_canary"
            )
            consumer.sealed_headers = endpoints.seal_headers(
                organization.pk, consumer.pk, {"X-Key": "canary-header"}
            )
            consumer.save()
        for integration in Integration.objects.all():
            integration.client_secret = sealed_secret(integration, "canary-client")
            integration.save()
        data_keys.require(organization.pk)
    return organization


def members(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def manifest(path):
    return json.loads(members(path)["manifest.json"])


def tables(path) -> dict[str, list[str]]:
    return {
        name: content.decode().splitlines()
        for name, content in members(path).items()
        if name.startswith("tables/")
    }


def rewrite(path, change) -> None:
    """Let `change` alter what is in an archive."""
    inside = members(path)
    change(inside)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in inside.items():
            archive.writestr(name, content)
    path.write_bytes(packed.getvalue())
