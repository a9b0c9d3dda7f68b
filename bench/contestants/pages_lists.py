"""The same companies in Django's admin, and in a page of django-tables2 with django-filter.

    pages_lists ORGANIZATION CALLS FEW MANY DIRECTORY

shows the organization's companies with their connections, 25 on a page, as often as told; FEW and
MANY are what is searched for. Each phase writes its times in milliseconds and the number of its
questions to the database into a file of its name. Nobody signs in, nothing is kept apart by
organization but in the page's own question: what we do besides is not done here.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

import django
from django.conf import settings

from bench.contestant import take_part
from engines import locations

organization, calls, few, many, directory = sys.argv[1:]
PAGE = 25

_PAGE = "<form>{{ filter.form.as_p }}</form>{% load django_tables2 %}{% render_table table %}"
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(locations.postgres_socket_dir()),
            "USER": "postgres",
            "NAME": locations.DATABASE,
        }
    },
    SECRET_KEY="only for a benchmark",  # noqa: S106 - signs nothing
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    STATIC_URL="/static/",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.admin",
        "django_tables2",
        "django_filters",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [
                            ("django.template.loaders.locmem.Loader", {"companies.html": _PAGE}),
                            "django.template.loaders.app_directories.Loader",
                        ],
                    )
                ],
            },
        }
    ],
)
django.setup()

import django_filters  # noqa: E402 - needs settings
import django_tables2  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.messages.storage.cookie import CookieStorage  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import path, resolve  # noqa: E402
from django_filters.views import FilterView  # noqa: E402


class Company(models.Model):
    id = models.UUIDField(primary_key=True)
    organization_id = models.UUIDField()
    name = models.CharField(max_length=120)
    sort_name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    last_pull_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "admin"
        db_table = "companies_company"
        managed = False

    def __str__(self) -> str:
        return self.name


class Connection(models.Model):
    id = models.UUIDField(primary_key=True)
    company = models.ForeignKey(Company, models.CASCADE, related_name="connections")
    platform = models.CharField(max_length=40)
    status = models.CharField(
        max_length=20,
        choices=[(each, each) for each in ("PendingAuth", "Linked", "Unlinked", "Deauthorized")],
    )

    objects: ClassVar[models.Manager[Self]] = models.Manager()

    class Meta:
        app_label = "admin"
        db_table = "connections_connection"
        managed = False

    def __str__(self) -> str:
        return f"{self.platform}: {self.status}"


COLUMNS = ("name", "id", "created_at", "last_pull_at", "statuses")


def statuses(company: Company) -> str:
    return ", ".join(map(str, company.connections.all()))  # type: ignore[attr-defined]  # a relation's name


def companies() -> "models.QuerySet[Company]":
    """Sorted by what there is an index for."""
    found = Company.objects.filter(organization_id=organization)
    return found.order_by("sort_name", "id").prefetch_related("connections")


class CompanyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "id", "created_at", "last_pull_at", "statuses")
    list_filter = ("connections__status",)
    search_fields = ("name",)
    ordering = ("sort_name", "id")
    list_per_page = PAGE
    list_max_show_all = PAGE

    def statuses(self, company: Company) -> str:
        return statuses(company)

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Company]":
        return super().get_queryset(request).filter(organization_id=organization)


class PrefetchingAdmin(CompanyAdmin):
    """As somebody who knows the admin well would have it."""

    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Company]":
        return super().get_queryset(request).prefetch_related("connections")


class CompanyTable(django_tables2.Table):  # type: ignore[misc]
    statuses = django_tables2.Column(empty_values=(), orderable=False)

    def render_statuses(self, record: Company) -> str:
        return statuses(record)

    class Meta:
        model = Company
        fields: ClassVar = COLUMNS[:-1]


class CompanyFilter(django_filters.FilterSet):  # type: ignore[misc]
    name = django_filters.CharFilter(lookup_expr="icontains")
    status = django_filters.ChoiceFilter(
        field_name="connections__status",
        choices=Connection._meta.get_field("status").choices,
        distinct=True,
    )

    class Meta:
        model = Company
        fields: ClassVar = ["name", "status"]


class Companies(django_tables2.SingleTableMixin, FilterView):  # type: ignore[misc]
    table_class, filterset_class = CompanyTable, CompanyFilter
    template_name, paginate_by = "companies.html", PAGE

    def get_queryset(self) -> "models.QuerySet[Company]":
        return companies()


plain, prefetching = admin.AdminSite("plain"), admin.AdminSite("prefetching")
plain.register(Company, CompanyAdmin)
prefetching.register(Company, PrefetchingAdmin)
urlpatterns = [
    path("admin/", plain.urls),
    path("prefetching/", prefetching.urls),
    path("tables/", Companies.as_view()),
]

requests = RequestFactory()
somebody = User(id=1, username="somebody", is_staff=True, is_active=True, is_superuser=True)


def ask(url: str) -> None:
    request: Any = requests.get(url)
    request.user, request.session = somebody, {}
    request._messages = CookieStorage(request)  # noqa: SLF001 - as its middleware does
    match = resolve(request.path_info)
    request.resolver_match = match
    response = match.func(request, *match.args, **match.kwargs)
    if hasattr(response, "render"):
        response.render()
    if response.status_code != 200:  # noqa: PLR2004
        raise SystemExit(f"{url}: {response.status_code}")


def phase(name: str, url: str) -> Callable[[], None]:
    def asked() -> None:
        with CaptureQueriesContext(connection) as queries:
            ask(url)
        took = []
        for _ in range(int(calls)):
            began = time.perf_counter()
            ask(url)
            took.append((time.perf_counter() - began) * 1000)
        answer = {"queries": len(queries), "milliseconds": took}
        (Path(directory) / f"{name}.json").write_text(json.dumps(answer))

    return asked


last = -(-companies().count() // PAGE)
PHASES = {}
for site, base in (("admin", "/admin/"), ("prefetching", "/prefetching/")):
    for question, query in (
        ("first", ""),
        ("last", f"?p={last}"),
        ("few", f"?q={few}"),
        ("many", f"?q={many}"),
        ("pending", "?connections__status=PendingAuth"),
    ):
        name = f"{site}-{question}"
        PHASES[name] = phase(name, f"{base}admin/company/{query}")
for question, query in (
    ("first", ""),
    ("last", f"?page={last}"),
    ("few", f"?name={few}"),
    ("many", f"?name={many}"),
    ("pending", "?status=PendingAuth"),
):
    PHASES[f"tables-{question}"] = phase(f"tables-{question}", f"/tables/{query}")
take_part(PHASES)
