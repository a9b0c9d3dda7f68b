from django.urls import path

from link import views

app_name = "link"

urlpatterns = [
    path("callback/<slug:platform>", views.callback, name="callback"),
    path("<str:token>/", views.start, name="start"),
    path("<str:token>/choose/", views.choose, name="choose"),
    path("<str:token>/authorize/", views.authorize, name="authorize"),
    path("<str:token>/files/", views.upload, name="upload"),
    path("<str:token>/files/<uuid:upload_id>/", views.uploaded, name="uploaded"),
    path("<str:token>/credentials/<slug:platform>/", views.credentials, name="credentials"),
    path(
        "<str:token>/result/<uuid:attempt_id>/choose/",
        views.choose_organization,
        name="choose-organization",
    ),
    path("<str:token>/disconnect/", views.disconnect, name="disconnect"),
    path("<str:token>/result/<uuid:attempt_id>/", views.result, name="result"),
]
