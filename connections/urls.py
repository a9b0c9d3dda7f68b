"""All under /o/<organization>/."""

from django.urls import include, path

from connections.views import connections, integrations

app_name = "connections"

link_url = [
    path("link-url/", connections.link_url, name="link-url"),
    path("link-url/issue/", connections.issue_link_url, name="link-url-issue"),
    path("link-url/renew/", connections.renew_link_url, name="link-url-renew"),
    path("link-url/revoke/", connections.revoke_link_url, name="link-url-revoke"),
]

urlpatterns = [
    path("settings/integrations/", integrations.platforms, name="integrations"),
    path("settings/integrations/<slug:platform>/", integrations.platform, name="integration"),
    path(
        "settings/integrations/<slug:platform>/switch",
        integrations.switch,
        name="integration-switch",
    ),
    path(
        "settings/integrations/<slug:platform>/check",
        integrations.check,
        name="integration-check",
    ),
    path("companies/<uuid:company_id>/", include(link_url)),
    path("companies/<uuid:company_id>/connections/", connections.manage, name="manage"),
    path("companies/<uuid:company_id>/connections/add/", connections.create, name="create"),
    path(
        "companies/<uuid:company_id>/connections/<uuid:connection_id>/",
        include(
            [
                path("", connections.panel, name="panel"),
                path("timeline/", connections.timeline, name="timeline"),
                path("unlink/", connections.unlink, name="unlink"),
                *link_url,
            ]
        ),
    ),
]
