"""All under /o/<organization>/."""

from django.urls import path

from companies.views import audit_log, companies

app_name = "companies"

urlpatterns = [
    path("companies/", companies.companies, name="list"),
    path("companies/new/", companies.create, name="create"),
    path("companies/export.csv", companies.export, name="export"),
    path("companies/find", companies.find, name="find"),
    path("companies/columns/", companies.columns, name="columns"),
    path("companies/<uuid:company_id>/edit/", companies.edit, name="edit"),
    path("companies/<uuid:company_id>/rename/", companies.rename, name="rename"),
    path("settings/audit-log/", audit_log.audit_log, name="audit-log"),
]
