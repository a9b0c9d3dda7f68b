"""What the clock does for the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from api import beat
from api.models import IdempotentRequest
from companies import tenancy

pytestmark = pytest.mark.django_db


def test_answers_are_forgotten_when_they_are_not_repeated_any_more(
    program, organization, other_organization
):
    for key in ("old", "new"):
        program.post("/companies", {"name": key}, **{"Idempotency-Key": key})
    with tenancy.entered(other_organization.pk):
        IdempotentRequest.objects.create(
            organization=other_organization,
            key="theirs",
            fingerprint=b"x" * 32,
            status=200,
            body=b"",
            created_at=timezone.now() - timedelta(hours=2),
        )
    with tenancy.entered(organization.pk):
        IdempotentRequest.objects.filter(key="old").update(
            created_at=timezone.now() - timedelta(minutes=91)
        )
    assert beat.forget_answers() == 2
    with tenancy.entered(organization.pk):
        assert list(IdempotentRequest.objects.values_list("key", flat=True)) == ["new"]


def test_quotas_start_anew_by_the_clock(db):
    assert beat.reset_quotas() == 0
