from django.urls import path

from companies import views

app_name = "companies"

urlpatterns = [
    path("companies/", views.companies, name="list"),
    path("companies/new/", views.create, name="create"),
    path("companies/export.csv", views.export, name="export"),
    path("companies/find", views.find, name="find"),
    path("companies/columns/", views.columns, name="columns"),
    path("companies/<uuid:company_id>/edit/", views.edit, name="edit"),
    path("companies/<uuid:company_id>/rename/", views.rename, name="rename"),
]
