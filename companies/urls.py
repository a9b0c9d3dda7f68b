"""All under /o/<organization>/."""

from django.urls import path

from companies.views import audit_log, companies, organization, team

app_name = "companies"

urlpatterns = [
    path("companies/", companies.companies, name="list"),
    path("companies/new/", companies.create, name="create"),
    path("companies/export.csv", companies.export, name="export"),
    path("companies/find", companies.find, name="find"),
    path("companies/columns/", companies.columns, name="columns"),
    path("companies/<uuid:company_id>/edit/", companies.edit, name="edit"),
    path("companies/<uuid:company_id>/rename/", companies.rename, name="rename"),
    path("settings/organization/", organization.organization, name="organization"),
    path(
        "settings/organization/failure-emails",
        organization.failure_emails,
        name="failure-emails",
    ),
    path("settings/team/", team.members, name="team"),
    path("settings/team/invite", team.invite, name="invite"),
    path(
        "settings/team/invitations/<uuid:invitation_id>/send",
        team.send_again,
        name="invitation-send",
    ),
    path(
        "settings/team/invitations/<uuid:invitation_id>/withdraw",
        team.withdraw,
        name="invitation-withdraw",
    ),
    path("settings/team/<int:membership_id>/", team.member, name="member"),
    path("settings/team/<int:membership_id>/person", team.person, name="member-person"),
    path("settings/team/<int:membership_id>/switch", team.switch, name="member-switch"),
    path("settings/team/<int:membership_id>/remove", team.remove, name="member-remove"),
    path("settings/audit-log/", audit_log.audit_log, name="audit-log"),
    path("settings/audit-log/export.csv", audit_log.export, name="audit-log-export"),
]
