"""Many companies at once: what is shown, what is done, and what became of each."""

import pytest
from django.urls import reverse

from companies.models import Company
from companies.roles import Role
from sync import deletion, jobs, operations
from sync.models import Job, JobItem, Pull
from tests.factories import CompanyFactory, ConnectionFactory, MembershipFactory, UserFactory

LIST = "/o/harbour/companies/"


@pytest.fixture
def linked(organization):
    company = CompanyFactory(organization=organization, name="Linked")
    ConnectionFactory(company=company)
    return company


@pytest.fixture
def bare(organization):
    return CompanyFactory(organization=organization, name="Bare", tags={"region": "north"})


def post(client, action, **form):
    return client.post(reverse(f"sync:{action}-many", args=["harbour"]), form)


def confirm(client, job, **form):
    return client.post(reverse("sync:confirm-job", args=["harbour", job.pk]), form)


def outcomes(job):
    return dict(job.items.values_list("company_name", "state"))


def test_nothing_happens_before_it_is_confirmed(client, linked, bare):
    response = post(client, "refresh", company=[linked.pk, bare.pk])

    job = Job.objects.get()
    page = client.get(response["Location"]).content.decode()
    assert "Nothing has happened yet" in page
    assert "1 company with a linked connection" in " ".join(page.split())
    assert not jobs.run(job.organization_id, job.pk)
    assert not Pull.objects.exists()


def test_each_company_is_refreshed_or_says_why_not(client, linked, bare):
    post(client, "refresh", company=[linked.pk, bare.pk])
    job = Job.objects.get()
    confirm(client, job)

    jobs.run(job.organization_id, job.pk)

    job.refresh_from_db()
    assert outcomes(job) == {"Linked": "done", "Bare": "skipped"}
    assert job.finished_at
    assert Pull.objects.filter(company=linked).exists()
    page = client.get(reverse("sync:job", args=["harbour", job.pk])).content.decode()
    assert "No connection is linked." in page
    assert "Finished" in page


def test_all_that_a_filter_finds_are_taken_beyond_the_page(client, linked, bare):
    post(client, "refresh", all="1", query="tag=region:north")

    assert outcomes(Job.objects.get()) == {"Bare": "waiting"}


def test_deleting_many_asks_for_their_number(client, linked, bare):
    post(client, "delete", company=[linked.pk, bare.pk])
    job = Job.objects.get()

    assert confirm(client, job, number="3").status_code == 422
    assert confirm(client, job, number="x").status_code == 422
    assert not Job.objects.unfinished().exists()
    assert confirm(client, job, number="2").status_code == 302
    jobs.run(job.organization_id, job.pk)

    assert not Company.objects.exists()
    assert outcomes(job) == {"Linked": "done", "Bare": "done"}


def test_what_one_company_meets_does_not_keep_the_others(client, linked, bare, monkeypatch):
    def broken(company, **_):
        raise RuntimeError(company.name)

    monkeypatch.setattr(operations, "refresh_company", broken)
    CompanyFactory(organization=linked.organization, name="After")
    post(client, "refresh", all="1")
    job = Job.objects.get()
    confirm(client, job)

    jobs.run(job.organization_id, job.pk)

    assert outcomes(job) == {"After": "skipped", "Bare": "skipped", "Linked": "failed"}


def test_a_company_that_is_gone_by_then_is_skipped(client, linked, bare, alice):
    post(client, "delete", company=[linked.pk, bare.pk])
    job = Job.objects.get()
    confirm(client, job, number="2")
    deletion.delete_company(bare, actor=alice)

    jobs.run(job.organization_id, job.pk)

    assert outcomes(job) == {"Linked": "done", "Bare": "skipped"}


def test_confirming_twice_does_it_once(client, linked):
    post(client, "refresh", company=[linked.pk])
    job = Job.objects.get()
    confirm(client, job)
    jobs.run(job.organization_id, job.pk)
    confirm(client, job)

    assert not jobs.run(job.organization_id, job.pk)
    assert JobItem.objects.filter(state="done").count() == 1


def test_what_was_never_confirmed_is_forgotten(client, linked, bare):
    post(client, "refresh", company=[linked.pk])
    post(client, "delete", company=[bare.pk])

    assert outcomes(Job.objects.get()) == {"Bare": "waiting"}


@pytest.mark.parametrize("form", [{}, {"company": "nonsense"}, {"all": "1", "query": "q=zzz"}])
def test_no_company_is_no_job(client, linked, form):
    response = post(client, "refresh", **form)

    assert response["Location"].startswith(LIST)
    assert not Job.objects.exists()


def test_too_many_are_refused_in_words(client, linked, bare, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_COMPANIES", 1)

    page = client.post(
        reverse("sync:refresh-many", args=["harbour"]), {"all": "1"}, follow=True
    ).content.decode()

    assert "takes 1 companies at most" in page
    assert not Job.objects.exists()


def test_who_may_not_delete_sees_no_such_job(client, organization, linked):
    post(client, "delete", company=[linked.pk])
    job = Job.objects.get()
    advisor = UserFactory()
    MembershipFactory(organization=organization, user=advisor, role=Role.ADVISOR)
    client.force_login(advisor)

    assert confirm(client, job, number="1").status_code == 403
    assert client.get(reverse("sync:job", args=["harbour", job.pk])).status_code == 403
    assert post(client, "delete", company=[linked.pk]).status_code == 403
