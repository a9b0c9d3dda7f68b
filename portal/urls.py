from allauth.mfa.webauthn.views import login_webauthn
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from api.brand import picture
from companies.views.invitations import invitation
from companies.views.new_address import new_address
from portal import health, views
from portal.scrape import scrape
from portal.styleguide import styleguide
from support.admin import site

handler500 = "portal.outage.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("live", health.live, name="live"),
    path("ready", health.ready, name="ready"),
    path("metrics", scrape, name="metrics"),
    path("styleguide", styleguide, name="styleguide"),
    path("account/", views.account, name="account"),
    path("account/times", views.reading_times, name="reading-times"),
    # Before allauth's own, which forgets that nobody is signed in yet.
    path(
        "accounts/2fa/webauthn/login/",
        login_not_required(login_webauthn),
        name="mfa_login_webauthn",
    ),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("invitations/<str:token>/", invitation, name="invitation"),
    path("new-address/<str:token>/", new_address, name="new-address"),
    path("admin/", site.urls),
    path("api/", include("api.urls")),
    path("brand/<slug:code>/<slug:name>.svg", picture, name="brand"),
    path("link/", include("link.urls")),
    path("o/<slug:organization>/", include("companies.urls")),
    path("o/<slug:organization>/", include("connections.urls")),
    path("o/<slug:organization>/", include("files.urls")),
    path("o/<slug:organization>/", include("sync.urls")),
    path("o/<slug:organization>/", include("link.portal_urls")),
    path("o/<slug:organization>/developers/webhooks/", include("webhooks.urls")),
    path("o/<slug:organization>/developers/", include("api.portal_urls")),
]
