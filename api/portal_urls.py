"""The API's pages in the portal, all under /o/<organization>/developers/."""

from django.urls import path

from api.views import keys, reference

app_name = "api_portal"

urlpatterns = [
    path("api-keys/", keys.api_keys, name="keys"),
    path("api-keys/new", keys.create, name="create-key"),
    path("api-keys/<uuid:key_id>/revoke/", keys.revoke, name="revoke-key"),
    path("api-reference/", reference.api_reference, name="reference"),
]
