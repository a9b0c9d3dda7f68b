"""Deleting a company or a connection with everything pulled through it: the name is typed first."""

from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from companies.access import PortalRequest, requires
from companies.models import Company
from companies.roles import Right
from connections.models import Connection, ConnectionQuerySet
from files.models import UploadedFile
from portal.http import wants_fragment
from sync import deletion
from sync.models import DataStatus, Pull
from sync.views.company import find_company


@dataclass(frozen=True, slots=True)
class Loss:
    """What would be gone."""

    connections: int
    records: int
    pulls: int
    files: int = 0


class TypedNameForm(forms.Form):
    """Asks for the company's name, so that nobody deletes the neighboring row by mistake."""

    name = forms.CharField(strip=True)

    def __init__(self, *args: object, company: Company, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.company = company
        field = self.fields["name"]
        field.label = _("Type %(company)s to confirm") % {"company": company.name}
        field.widget.attrs |= {"autocomplete": "off", "data-match": company.name}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name != self.company.name:
            wrong = _("That is not the name. Type %(company)s exactly.")
            raise forms.ValidationError(wrong % {"company": self.company.name})
        return name


@requires(Right.DELETE_COMPANIES)
@require_http_methods(["GET", "POST"])
def delete_company(request: PortalRequest, company_id: UUID) -> HttpResponse:
    company = find_company(request, company_id)
    form = TypedNameForm(request.POST or None, company=company)
    if request.method == "POST" and form.is_valid():
        with suppress(deletion.Deleted):  # by the first of two clicks: gone it is
            deletion.delete_company(company, actor=request.user)
        messages.success(request, _("%(company)s is deleted.") % {"company": company.name})
        return _leave(
            request, reverse("companies:list", kwargs={"organization": request.organization.slug})
        )
    connections = Connection.objects.within(request.organization).filter(company=company)
    files = UploadedFile.objects.within(request.organization).filter(company=company)
    loss = replace(_loss(connections), files=files.count())
    context = {"company": company, "form": form, "loss": loss}
    return _ask(request, "sync/delete_company.html", context)


@requires(Right.REMOVE_CONNECTIONS)
@require_http_methods(["GET", "POST"])
def delete_connection(
    request: PortalRequest, company_id: UUID, connection_id: UUID
) -> HttpResponse:
    company = find_company(request, company_id)
    connections = Connection.objects.within(request.organization).filter(company=company)
    connection = get_object_or_404(connections, pk=connection_id)
    form = TypedNameForm(request.POST or None, company=company)
    if request.method == "POST" and form.is_valid():
        with suppress(deletion.Deleted):
            deletion.delete_connection(connection, actor=request.user)
        done = _("The %(platform)s connection is deleted.")
        messages.success(request, done % {"platform": connection.platform_name})
        place = {"organization": request.organization.slug, "company_id": company.pk}
        return _leave(request, reverse("connections:manage", kwargs=place))
    loss = _loss(connections.filter(pk=connection.pk))
    context = {"company": company, "connection": connection, "form": form, "loss": loss}
    return _ask(request, "sync/delete_connection.html", context)


def _ask(request: PortalRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """Show the question: as a dialog on the page that asks, else as a page of its own."""
    form = context["form"]
    assert isinstance(form, TypedNameForm)
    fragment = "#dialog" if wants_fragment(request) else ""
    status = 422 if form.is_bound else 200
    return render(request, f"{template}{fragment}", context, status=status)


def _loss(connections: ConnectionQuerySet) -> Loss:
    stored = DataStatus.objects.filter(connection__in=connections)
    return Loss(
        connections=connections.count(),
        records=stored.aggregate(total=Sum("record_count"))["total"] or 0,
        pulls=Pull.objects.filter(connection__in=connections).count(),
    )


def _leave(request: PortalRequest, url: str) -> HttpResponse:
    """Go on elsewhere: the page that asked is about something that is no more."""
    return HttpResponseClientRedirect(url) if wants_fragment(request) else redirect(url)
