"""All under /o/<organization>/."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from sync.stream import history_stream
from sync.views import company, data, deletions, history, jobs, monitor, settings

app_name = "sync"


class DataTypeConverter(StringConverter):
    """The name of a data type: one part of the path, or two where it is a custom one."""

    regex = "custom/[^/]+|[^/]+"


register_converter(DataTypeConverter, "data_type")

urlpatterns = [
    path("settings/data-types/", settings.data_types, name="data-types"),
    path("monitor/", monitor.overview, name="monitor"),
    path(
        "monitor/unknown-fields/<slug:platform>/acknowledge",
        monitor.acknowledge,
        name="acknowledge-fields",
    ),
    path("companies/refresh", jobs.refresh, name="refresh-many"),
    path("companies/delete", jobs.delete, name="delete-many"),
    path("jobs/<uuid:job_id>/", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/confirm", jobs.confirm, name="confirm-job"),
    path("companies/<uuid:company_id>/", company.summary, name="summary"),
    path("companies/<uuid:company_id>/refresh", company.refresh, name="refresh"),
    path("companies/<uuid:company_id>/data/", data.data, name="data"),
    path(
        "companies/<uuid:company_id>/data/<data_type:data_type>/", data.data_type, name="data-type"
    ),
    path(
        "companies/<uuid:company_id>/data/<data_type:data_type>/export.csv",
        data.export,
        name="export",
    ),
    path(
        "companies/<uuid:company_id>/data/<data_type:data_type>/<path:source_id>/",
        data.record,
        name="record",
    ),
    path("companies/<uuid:company_id>/history/", history.history, name="history"),
    path("companies/<uuid:company_id>/history/stream", history_stream, name="history-stream"),
    path("companies/<uuid:company_id>/history/<uuid:pull_id>/", history.pull, name="pull"),
    path(
        "companies/<uuid:company_id>/history/<uuid:pull_id>/cancel",
        history.cancel,
        name="cancel-pull",
    ),
    path(
        "companies/<uuid:company_id>/history/<uuid:pull_id>/retry",
        history.retry,
        name="retry-pull",
    ),
    path(
        "companies/<uuid:company_id>/history/<uuid:pull_id>/accept",
        history.accept,
        name="accept",
    ),
    path(
        "companies/<uuid:company_id>/history/<uuid:pull_id>/stream",
        history_stream,
        name="pull-stream",
    ),
    path(
        "companies/<uuid:company_id>/settings/", settings.company_settings, name="company-settings"
    ),
    path(
        "companies/<uuid:company_id>/settings/default",
        settings.use_defaults,
        name="use-defaults",
    ),
    path("companies/<uuid:company_id>/delete/", deletions.delete_company, name="delete-company"),
    path(
        "companies/<uuid:company_id>/connections/<uuid:connection_id>/delete/",
        deletions.delete_connection,
        name="delete-connection",
    ),
]
