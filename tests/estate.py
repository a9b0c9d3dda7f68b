"""Everything an organization can own: at least one row in each of its tables."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from api.models import ApiKey, ApiSettings, IdempotentRequest
from companies import data_keys, tenancy
from companies.models import (
    AuditEntry,
    Event,
    Invitation,
    Organization,
    OutboxEntry,
    Pruning,
    RemovedOrganization,
    User,
)
from companies.rls import RowLevelSecurity
from connections.models import (
    AuthorizationAttempt,
    Connection,
    ConnectionError,  # noqa: A004 - the public API's word
    CustomDataType,
    Integration,
    LinkUrl,
    OneTimeCode,
    StoredCredentials,
    SupplementalConfiguration,
    Transition,
)
from files.models import UploadedFile
from link.models import LinkSettings, LinkVisit
from notices.models import Notice
from support.models import SupportGrant
from sync.models import (
    Job,
    JobItem,
    PlatformRequest,
    Pull,
    PullStatus,
    Record,
    RecordVersion,
    RejectedRecord,
    StagedPage,
    StagedRecord,
    SyncSetting,
    UnknownField,
    ValidationIssue,
)
from tests.factories import (
    CompanyFactory,
    ConnectionFactory,
    DataStatusFactory,
    LinkUrlFactory,
    MembershipFactory,
    PullFactory,
    UploadedFileFactory,
    UserFactory,
)
from webhooks.models import AlertEmail, AlertRule, Attempt, Delivery, WebhookConsumer

#: What nobody outside may read; it stands in every place a page could show.
SECRET = "Secret Roastery"


@dataclass(frozen=True)
class Estate:
    organization: Organization
    #: A value for each parameter a route can have.
    parameters: dict[str, str | int | UUID]
    #: A pull whose worker is gone.
    lost_pull_id: UUID
    #: A file that waits for the virus scanner.
    unscanned_file_id: UUID


def build(organization: Organization, member: User) -> Estate:
    company = CompanyFactory(
        organization=organization, name=SECRET, created_by=member, last_pull_at=timezone.now()
    )
    connection = ConnectionFactory(company=company, platform_company_name=SECRET)
    link_url = LinkUrlFactory(company=company)
    pull = PullFactory(
        connection=connection,
        status=PullStatus.COMPLETE,
        requested_by=member,
        reason=SECRET,
        started_at=timezone.now(),
        completed_at=timezone.now(),
    )
    PullFactory(connection=connection, data_type="bills")  # waits for a worker
    lost = PullFactory(
        connection=connection,
        data_type="items",
        status=PullStatus.FETCHING,
        started_at=timezone.now(),
        lease_until=timezone.now() - timedelta(minutes=1),
    )
    colleague = MembershipFactory(organization=organization, user__name=SECRET)
    DataStatusFactory(connection=connection, last_success_at=timezone.now(), record_count=1)
    for data_type in ("bills", "items"):
        DataStatusFactory(connection=connection, data_type=data_type)
    file = UploadedFileFactory(company=company, name=f"{SECRET}.csv", content=SECRET.encode())
    unscanned = UploadedFileFactory(
        company=company, scan=UploadedFile.Scan.WAITING, scan_due_at=timezone.now()
    )
    with tenancy.entered(organization.pk):
        invitation = Invitation.objects.create(
            organization=organization,
            email="secret@example.com",
            name=SECRET,
            role="analyst",
            expires_at=timezone.now() + timedelta(days=1),
        )
        key = ApiKey.objects.create(
            organization=organization, name=SECRET, hash=uuid4().bytes * 2, ending="abcd"
        )
        _add_rest(organization, connection, link_url, pull, member)
        Pruning.objects.create(organization=organization)
        job = Job.objects.create(organization=organization, action="refresh", created_by=member)
        JobItem.objects.create(
            organization=organization, job=job, company_id=company.pk, company_name=SECRET
        )
        consumer, delivery, rule = _add_webhooks(organization, company.pk)
    return Estate(
        organization=organization,
        parameters={
            "organization": organization.slug,
            "company_id": company.pk,
            "connection_id": connection.pk,
            "pull_id": pull.pk,
            "job_id": job.pk,
            "file_id": file.pk,
            "key_id": key.pk,
            "membership_id": colleague.pk,
            "invitation_id": invitation.pk,
            "data_type": "invoices",
            "platform": "sandbox",
            "source_id": "secret-1",
            "consumer_id": consumer.pk,
            "delivery_id": delivery.pk,
            "rule_id": rule.pk,
        },
        lost_pull_id=lost.pk,
        unscanned_file_id=unscanned.pk,
    )


def _add_rest(
    organization: Organization, link: Connection, link_url: LinkUrl, pull: Pull, member: User
) -> None:
    now = timezone.now()
    Event.objects.create(
        organization=organization,
        company_id=link.company_id,
        connection_id=link.pk,
        type="connection.connected",
        actor=member,
        summary=SECRET,
    )
    AuditEntry.objects.create(
        organization=organization,
        actor_kind=AuditEntry.ActorKind.MEMBER,
        actor=member,
        actor_name=SECRET,
        action="changed",
        kind="organization",
        label=SECRET,
        before={"name": SECRET},
        after={"name": "other"},
    )
    Notice.objects.create(organization=organization, user=member, kind="digest", about=SECRET)
    SupportGrant.objects.create(
        organization=organization,
        user=UserFactory(),
        reason=SECRET,
        granted_at=now,
        expires_at=now + timedelta(hours=1),
    )
    data_keys.require(organization.pk)
    RemovedOrganization.objects.create(organization=organization, name=SECRET, actor_name=SECRET)
    StoredCredentials.objects.create(
        organization=organization,
        connection=link,
        access_token=b"sealed",
        refresh_token=b"sealed",
        expires_at=now + timedelta(hours=1),
        refreshed_at=now,
    )
    Transition.objects.create(
        organization=organization, connection=link, kind="completed", to_status="Linked"
    )
    ConnectionError.objects.create(
        organization=organization,
        connection=link,
        status_code="503",
        status_text="Unavailable",
        error_message=SECRET,
    )
    AuthorizationAttempt.objects.create(
        organization=organization,
        connection=link,
        link_url=link_url,
        platform=link.platform,
        state_hash=uuid4().bytes,
        browser_hash=b"",
        code_verifier=b"",
        expires_at=now,
    )
    OneTimeCode.objects.create(
        organization=organization,
        company_id=link.company_id,
        link_url=link_url,
        code_hash=uuid4().bytes,
        expires_at=now,
    )
    Integration.objects.create(
        organization=organization, platform="sandbox", is_enabled=True, client_id=SECRET
    )
    SupplementalConfiguration.objects.create(
        organization=organization,
        platform="sandbox",
        data_type="invoices",
        sources={SECRET: {"dataSource": "/invoices", "pullData": {SECRET: "x"}, "pushData": {}}},
    )
    CustomDataType.objects.create(
        organization=organization,
        platform="sandbox",
        identifier="orders",
        data_source=f"/{SECRET}",
        required_data={SECRET: "$.x"},
        key_by=["$.id"],
    )
    LinkSettings.objects.create(organization=organization, display_name=SECRET)
    ApiSettings.objects.create(
        organization=organization, allowed_origins=[f"https://{SECRET.lower()}.example"]
    )
    IdempotentRequest.objects.create(
        organization=organization,
        key=SECRET,
        fingerprint=uuid4().bytes * 2,
        status=200,
        body=SECRET.encode(),
    )
    LinkVisit.objects.create(
        organization=organization,
        company_id=link.company_id,
        link_url=link_url,
        browser_hash=b"",
        parameters={"ref": SECRET},
    )
    UnknownField.objects.create(
        organization=organization,
        platform="sandbox",
        data_type="invoices",
        path=SECRET,
        json_type="text",
        last_seen_on=now.date(),
        company_id=link.company_id,
        connection_id=link.pk,
        pull_id=pull.pk,
    )
    SyncSetting.objects.create(organization=organization, data_type="invoices", frequency="daily")
    RejectedRecord.objects.create(
        organization=organization, pull=pull, source_id="secret-2", reason=SECRET, raw=SECRET
    )
    PlatformRequest.objects.create(
        organization=organization,
        pull=pull,
        at=now,
        method="GET",
        url=f"http://platform.test/{SECRET}",
        status=200,
        milliseconds=1,
        size=1,
    )
    ValidationIssue.objects.create(
        organization=organization,
        pull=pull,
        level="warning",
        rule_id="rule",
        item_id="secret-1",
        message=SECRET,
        validator_name="validator",
    )
    body = (
        f'{{"id": "secret-1", "customerRef": {{"id": "1", "companyName": "{SECRET}"}}, '
        '"issueDate": "2026-05-04", "totalAmount": 1.20, "totalTaxAmount": 0.20, '
        '"amountDue": 1.20, "status": "Submitted"}'
    )
    stored = {
        "organization": organization,
        "connection_id": link.pk,
        "data_type": "invoices",
        "source_id": "secret-1",
        "hash": b"1",
        "body": body,
        "modified_at": now,
        "pull_id": pull.pk,
    }
    Record.objects.create(**stored, label=SECRET, party=SECRET)
    RecordVersion.objects.create(
        **stored, is_deleted=False, superseded_at=now, superseded_by=pull.pk
    )
    custom = {
        "data_type": "custom/orders",
        "body": f'{{"id": "1", "content": {{"of": "{SECRET}"}}}}',
    }
    Record.objects.create(**stored | custom, label=SECRET)
    StagedRecord.objects.create(
        organization=organization, pull_id=pull.pk, source_id="secret-3", body=body, label=SECRET
    )
    StagedPage.objects.create(
        organization=organization, pull_id=pull.pk, number=1, unchanged=["secret-1"]
    )


def _add_webhooks(
    organization: Organization, company_id: UUID
) -> tuple[WebhookConsumer, Delivery, AlertRule]:
    event = Event.objects.create(
        organization=organization,
        company_id=company_id,
        type="company.created",
        summary=SECRET,
        payload={"company": facts(SECRET, company_id)},
    )
    OutboxEntry.objects.create(organization=organization, event=event)
    consumer = WebhookConsumer.objects.create(
        organization=organization,
        url="https://hooks.example/secret",
        description=SECRET,
        event_types=["company.created"],
        sealed_secret=b"sealed",
    )
    delivery = Delivery.objects.create(
        organization=organization,
        consumer=consumer,
        event=event,
        event_type="company.created",
        company_id=company_id,
    )
    Attempt.objects.create(
        organization=organization,
        delivery=delivery,
        consumer_id=consumer.pk,
        number=1,
        at=timezone.now(),
        outcome="refused",
        status_code=500,
        milliseconds=3,
        answer=SECRET,
    )
    rule = AlertRule.objects.create(
        organization=organization, kind="connection_status", emails=["secret@example.com"]
    )
    linked = Event.objects.create(
        organization=organization,
        company_id=company_id,
        type="connection.connected",
        summary=SECRET,
        payload={"company": facts(SECRET, company_id), "connection": {"platform": "sandbox"}},
    )
    AlertEmail.objects.create(
        organization=organization,
        event=linked,
        kind="connection_status",
        email="secret@example.com",
    )
    return consumer, delivery, rule


def facts(name: str, company_id: UUID) -> dict[str, object]:
    """What an event keeps of its company."""
    return {
        "id": str(company_id),
        "name": name,
        "description": "",
        "tags": {},
        "createdAt": timezone.now().isoformat(),
        "createdBy": None,
        "lastPullAt": None,
    }


def tables() -> list[type[models.Model]]:
    """List the models whose rows belong to an organization."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if any(isinstance(each, RowLevelSecurity) for each in model._meta.constraints)
    ]


def checksums(organization: Organization) -> dict[str, tuple[int, str]]:
    """Answer for each table how many rows the organization has, and what they add up to."""
    found = {}
    with tenancy.entered(organization.pk), connection.cursor() as cursor:
        for model in tables():
            name = connection.ops.quote_name(model._meta.db_table)
            owner = "id" if model is Organization else "organization_id"
            cursor.execute(
                f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') "
                f"FROM {name} t WHERE {owner} = %s",
                [organization.pk],
            )
            found[model._meta.label] = cursor.fetchone()
    return found
