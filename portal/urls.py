from django.urls import include, path

from portal import health, views
from portal.styleguide import styleguide

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("styleguide", styleguide, name="styleguide"),
    path("accounts/", include("allauth.account.urls")),
    path("link/", include("link.urls")),
    path("o/<slug:organization>/", include("companies.urls")),
    path("o/<slug:organization>/", include("connections.urls")),
    path("o/<slug:organization>/", include("files.urls")),
    path("o/<slug:organization>/", include("sync.urls")),
    path("o/<slug:organization>/", include("link.portal_urls")),
]
