"""All under /o/<organization>/companies/<company>/."""

from django.urls import include, path

from connections import views

app_name = "connections"

link_url = [
    path("link-url/", views.link_url, name="link-url"),
    path("link-url/renew/", views.renew_link_url, name="link-url-renew"),
    path("link-url/revoke/", views.revoke_link_url, name="link-url-revoke"),
]

urlpatterns = [
    path("companies/<uuid:company_id>/", include(link_url)),
    path("companies/<uuid:company_id>/connections/", views.manage, name="manage"),
    path("companies/<uuid:company_id>/connections/add/", views.create, name="create"),
    path(
        "companies/<uuid:company_id>/connections/<uuid:connection_id>/",
        include(
            [
                path("", views.panel, name="panel"),
                path("timeline/", views.timeline, name="timeline"),
                path("unlink/", views.unlink, name="unlink"),
                *link_url,
            ]
        ),
    ),
]
