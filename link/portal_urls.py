"""What members do about the Link pages; all under /o/<organization>/."""

from django.urls import path

from link.views import portal

app_name = "link_portal"

urlpatterns = [
    path("settings/link/", portal.settings, name="settings"),
    path("settings/link/preview/", portal.preview, name="preview"),
    path("settings/link/logo/", portal.logo, name="logo"),
]
