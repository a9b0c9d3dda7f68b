"""What members do about the Link pages; all under /o/<organization>/."""

from django.urls import path

from link.views import portal

app_name = "link_portal"

urlpatterns = [
    path("settings/link/", portal.settings, name="settings"),
    path("settings/link/preview/", portal.preview, name="preview"),
    path("settings/link/logo/", portal.logo, name="logo"),
    path("settings/link/invite/", portal.change_invite, name="change-invite"),
    path("settings/link/one-time/", portal.switch_one_time, name="one-time"),
    path("monitor/link/", portal.funnel, name="funnel"),
    path("invite/", portal.invite, name="invite"),
    path("companies/<uuid:company_id>/request/", portal.request_data, name="request"),
]
