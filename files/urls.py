"""All under /o/<organization>/."""

from django.urls import path

from files import views

app_name = "files"

urlpatterns = [
    path("companies/<uuid:company_id>/files/", views.files, name="files"),
    path("companies/<uuid:company_id>/files/download", views.download_all, name="download-all"),
    path("companies/<uuid:company_id>/files/<uuid:file_id>", views.download, name="download"),
    path("companies/<uuid:company_id>/files/<uuid:file_id>/delete/", views.delete, name="delete"),
]
