from django.urls import path

from link.views import brand, invite, journey, opening

app_name = "link"

urlpatterns = [
    path("brand/<str:colour>.css", brand.stylesheet, name="brand"),
    path("brand/<uuid:settings_id>/<slug:digest>/logo", brand.logo, name="logo"),
    path("invite/<str:token>/", invite.invite, name="invite"),
    path("callback/<slug:platform>", journey.callback, name="callback"),
    path("<str:token>/", journey.start, name="start"),
    path("<str:token>/open/", opening.use_code, name="open"),
    path("<str:token>/choose/", journey.choose, name="choose"),
    path("<str:token>/consent/<slug:platform>/", journey.consent, name="consent"),
    path("<str:token>/other/", journey.other, name="other"),
    path("<str:token>/exit/", journey.ask_exit, name="exit"),
    path("<str:token>/finish/", journey.finish, name="finish"),
    path("<str:token>/authorize/", journey.authorize, name="authorize"),
    path("<str:token>/files/", journey.upload, name="upload"),
    path("<str:token>/files/<uuid:upload_id>/", journey.uploaded, name="uploaded"),
    path("<str:token>/credentials/<slug:platform>/", journey.credentials, name="credentials"),
    path(
        "<str:token>/result/<uuid:attempt_id>/choose/",
        journey.choose_organization,
        name="choose-organization",
    ),
    path("<str:token>/disconnect/", journey.disconnect, name="disconnect"),
    path("<str:token>/result/<uuid:attempt_id>/", journey.result, name="result"),
]
