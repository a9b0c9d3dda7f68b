from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import (
    HttpResponseClientRedirect,
    HttpResponseClientRefresh,
    trigger_client_event,
)

from companies import exports, last_used, listing, operations
from companies.access import PortalRequest, requires
from companies.columns import Chosen
from companies.forms import CompanyDetailsForm, CompanyNameForm
from companies.models import Company
from companies.roles import Right
from portal import csv
from portal.http import wants_fragment

UNPROCESSABLE = 422


@require_GET
def companies(request: PortalRequest) -> HttpResponse:
    """Show the companies; for htmx only the part that filters, search and sorting change."""
    last_used.remember(request, request.organization)
    if listing.opens_on_attention(request.organization, request.user, request.GET):
        # The URL says what is shown: whoever reloads it or sends it on finds the same.
        return redirect(f"{request.path}?status={listing.Filter.ATTENTION.value}")
    template = "companies/list.html"
    if wants_fragment(request):
        template += "#listing"
    response = _list(request, template, form=CompanyNameForm())
    patch_vary_headers(response, ["HX-Request-Type"])
    return response


@require_POST
@requires(Right.EDIT_COMPANIES)
def create(request: PortalRequest) -> HttpResponse:
    form = CompanyNameForm(request.POST)
    if not form.is_valid():
        if wants_fragment(request):
            return render(
                request, "companies/list.html#new-company", {"form": form}, status=UNPROCESSABLE
            )
        return _list(request, "companies/list.html", form=form, status=UNPROCESSABLE)
    company = operations.create_company(
        request.organization, name=form.cleaned_data["name"], created_by=request.user
    )
    url = reverse("sync:summary", args=[request.organization.slug, company.pk])
    return HttpResponseClientRedirect(url) if wants_fragment(request) else redirect(url)


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_COMPANIES)
def rename(request: PortalRequest, company_id: UUID) -> HttpResponse:
    """Take the new name; asked with GET, by a browser without JavaScript, show where to type it."""
    company = get_object_or_404(
        Company.objects.within(request.organization).select_related("created_by"), pk=company_id
    )
    template = "companies/company.html"
    if request.method == "GET":
        form = CompanyNameForm(initial={"name": company.name})
        return render(request, template, {"company": company, "rename_form": form})
    form = CompanyNameForm(request.POST)
    if wants_fragment(request):
        template += "#title"
    if not form.is_valid():
        context = {"company": company, "rename_form": form}
        return render(request, template, context, status=UNPROCESSABLE)
    company = operations.rename_company(company, name=form.cleaned_data["name"], actor=request.user)
    if wants_fragment(request):
        response = render(request, template, {"company": company})
        announced = _("Renamed to %(company)s") % {"company": company.name}
        return trigger_client_event(response, "announce", {"value": announced})
    return redirect("sync:summary", request.organization.slug, company.pk)


@require_http_methods(["GET", "POST"])
@requires(Right.EDIT_COMPANIES)
def edit(request: PortalRequest, company_id: UUID) -> HttpResponse:
    """Ask for the description and tags, in a dialog or, without JavaScript, on a page."""
    company = get_object_or_404(
        Company.objects.within(request.organization).select_related("created_by"), pk=company_id
    )
    template = "companies/edit.html"
    if wants_fragment(request):
        template += "#dialog"
    if request.method == "GET":
        kept = {"description": company.description, "tags": CompanyDetailsForm.lines(company.tags)}
        form = CompanyDetailsForm(initial=kept)
        return render(request, template, {"company": company, "form": form})
    form = CompanyDetailsForm(request.POST)
    if not form.is_valid():
        context = {"company": company, "form": form}
        return render(request, template, context, status=UNPROCESSABLE)
    operations.edit_company(
        company,
        description=form.cleaned_data["description"],
        tags=form.cleaned_data["tags"],
        actor=request.user,
    )
    messages.success(
        request,
        _("%(company)s: description and tags are saved.") % {"company": company.name},
    )
    if wants_fragment(request):
        return HttpResponseClientRefresh()
    return redirect("sync:summary", request.organization.slug, company.pk)


@require_GET
def export(request: PortalRequest) -> HttpResponseBase:
    """Write what the list's question finds, beyond the page that is shown."""
    question = listing.Question.parse(request.GET)
    name = csv.file_name(_("companies"), f"{timezone.localdate():%Y-%m-%d}")
    rows = exports.rows(request.organization, question)
    return csv.CsvResponse(name, exports.header(), rows)


@require_GET
def find(request: PortalRequest) -> HttpResponse:
    """Name the few companies that a text fits best, for the dialog that jumps to one."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:120]
    found = listing.best_matches(request.organization, text) if text else []
    return render(request, "components/_command_companies.html", {"found": found})


@require_POST
def columns(request: PortalRequest) -> HttpResponse:
    """Remember how a person wants to see the list, and lead back to what they saw."""
    wanted = None if "usual" in request.POST else request.POST.getlist("column")
    shown = None if wanted is None else [each.value for each in Chosen.of(wanted).columns]
    operations.choose_list_view(
        request.user,
        columns=shown,
        compact="compact" in request.POST,
        attention_first="attention_first" in request.POST,
    )
    question = listing.Question.parse(QueryDict(request.POST.get("query", "")[:2000]))
    return redirect(reverse("companies:list", args=[request.organization.slug]) + question.url())


def _list(
    request: PortalRequest, template: str, *, form: CompanyNameForm, status: int = 200
) -> HttpResponse:
    question = listing.Question.parse(request.GET)
    shown = listing.read(request.organization, question, Chosen.of(request.user.company_columns))
    context = {"listing": shown, "form": form}
    if not question.text and not question.tags:  # already counted: the sidebar need not ask again
        context["company_count"] = shown.counts[listing.Filter.ALL]
    return render(request, template, context, status=status)
